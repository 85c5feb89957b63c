package outbound

import (
	"net/http"
	"testing"
	"time"
)

// The signature was worked out by another program; TestOutboundProof asks storage
// of other people.
func TestSignature(t *testing.T) {
	r, err := http.NewRequest(http.MethodPut, "https://logs.s3.example.org/a%20b%2B/x.jsonl", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	sign(r, []byte("{}\n"), "eu-central-1", "AK", "SECRET", time.Date(2026, 11, 22, 8, 15, 0, 0, time.UTC))
	const want = "AWS4-HMAC-SHA256 Credential=AK/20261122/eu-central-1/s3/aws4_request, " +
		"SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, " +
		"Signature=f29d18a529e968f8cffd3f59a732d04fd12a1b04bbe07c411db1e097dff5c316"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("%s", got)
	}
}
