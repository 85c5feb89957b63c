package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"reeve"
)

// Limits on writing an object.
const (
	objectTimeout = 2 * time.Minute
	maxS3Error    = 8 << 10 // bytes of an answer that are read
)

// A bucket writes objects to S3-compatible storage.
type bucket struct {
	settings reeve.OutletSettings
	secret   string
	client   *http.Client
}

func (s *Sender) newBucket(o reeve.OutletSettings, secret string) (*bucket, error) {
	client, err := s.newClient(o.CA, objectTimeout)
	return &bucket{o, secret, client}, err
}

func (b *bucket) close() { b.client.CloseIdleConnections() }

// write puts one object. Its key tells the time of its first row, so that keys
// sort by time, and its place in the log: sent again it takes its own place.
func (b *bucket) write(ctx context.Context, l lines) error {
	var text bytes.Buffer
	for _, line := range l.rows {
		text.Write(line.text)
	}
	at := l.rows[0].at.UTC()
	key := fmt.Sprintf("%s%s/%s-%012d-%06d.jsonl", b.settings.Prefix, at.Format("2006/01/02"), at.Format("20060102T150405.000000Z"),
		l.from.Seq, l.from.Leaf)
	kind := "application/x-ndjson"
	if b.settings.Gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		w.Write(text.Bytes()) // to memory: neither fails
		w.Close()
		text, key, kind = packed, key+".gz", "application/gzip"
	}
	r, err := b.request(ctx, key, text.Bytes())
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", kind)
	sign(r, text.Bytes(), b.settings.Region, b.settings.AccessKey, b.secret, time.Now())
	answer, err := b.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	heard, _ := io.ReadAll(io.LimitReader(answer.Body, maxS3Error)) // the status is what counts
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	var why struct{ Code, Message string }
	xml.Unmarshal(heard, &why) // storage that says nothing readable has its status
	return fmt.Errorf("the storage answered %d %s %.200s", answer.StatusCode, why.Code, why.Message)
}

func (b *bucket) request(ctx context.Context, key string, body []byte) (*http.Request, error) {
	endpoint, err := url.Parse(b.settings.URL)
	if err != nil {
		return nil, err
	}
	if b.settings.PathStyle {
		key = b.settings.Bucket + "/" + key
	} else {
		endpoint.Host = b.settings.Bucket + "." + endpoint.Host
	}
	endpoint.Path, endpoint.RawPath = "/"+key, "/"+escape(key)
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.URL.RawPath = endpoint.RawPath
	return r, nil
}

// escape writes a key as it is signed: all but these characters as %XX.
func escape(key string) string {
	var out strings.Builder
	for _, c := range []byte(key) {
		if c == '/' || c == '-' || c == '_' || c == '.' || c == '~' ||
			'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
