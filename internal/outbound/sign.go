package outbound

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// sign signs a request without query by AWS Signature Version 4 for the service
// s3. Of its headers it signs Content-Type, if there is one, and what it adds.
//
// Source: "Signature Version 4" of the S3 API reference.
func sign(r *http.Request, body []byte, region, accessKey, secret string, now time.Time) {
	moment, day := now.UTC().Format("20060102T150405Z"), now.UTC().Format("20060102")
	digest := hexSHA256(body)
	r.Header.Set("X-Amz-Date", moment)
	r.Header.Set("X-Amz-Content-Sha256", digest)
	names, headers := []string{"host", "x-amz-content-sha256", "x-amz-date"}, "host:"+r.URL.Host+"\nx-amz-content-sha256:"+digest+"\nx-amz-date:"+moment+"\n"
	if kind := r.Header.Get("Content-Type"); kind != "" {
		names, headers = append([]string{"content-type"}, names...), "content-type:"+kind+"\n"+headers
	}
	signed := strings.Join(names, ";")
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), "", headers, signed, digest}, "\n")
	scope := day + "/" + region + "/s3/aws4_request"
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, region, "s3", "aws4_request"} {
		key = mac(key, part)
	}
	signature := mac(key, "AWS4-HMAC-SHA256\n"+moment+"\n"+scope+"\n"+hexSHA256([]byte(canonical)))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/"+scope+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(signature))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
