package control

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"reeve"
)

func TestAnswersAreKeptWhole(t *testing.T) {
	outcome := rapid.Custom(func(t *rapid.T) Outcome {
		o := Outcome{Status: rapid.Int8Range(-1, 1).Draw(t, "status"), Leaf: rapid.Int32Min(-1).Draw(t, "leaf")}
		if o.Status != 1 {
			o.Reason = reeve.Reason(rapid.Int8Range(0, int8(reeve.PolicyForbids)).Draw(t, "reason"))
		}
		return o
	})
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(outcome).Draw(t, "outcomes")
		if got := unpackAnswer(packAnswer(want)); !slices.Equal(got, want) {
			t.Fatalf("%+v comes back as %+v", want, got)
		}
	})
}

// 100,000 outcomes of one kind take 3 bytes each at most.
func TestAnswersAreSmall(t *testing.T) {
	outcomes := make([]Outcome, 100_000)
	for i := range outcomes {
		outcomes[i] = Outcome{Status: 1, Leaf: int32(i)}
	}
	if n := len(packAnswer(outcomes)); n > 3*len(outcomes) {
		t.Errorf("%d outcomes take %d bytes", len(outcomes), n)
	}
}

func TestPasswordHashes(t *testing.T) {
	hash := hashPassword("correct horse")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || hash == hashPassword("correct horse") {
		t.Errorf("the hash is %q", hash)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horse ": false, "": false, "Correct horse": false} {
		if got := passwordFits(password, hash); got != want {
			t.Errorf("%q fits: %v", password, got)
		}
	}
	for _, broken := range []string{"", "$", "$$$$$", hash[:len(hash)-4], "$argon2id$v=19$m=x$a$b", "$argon2id$v=19$m=8,t=1,p=1$$", "$argon2id$v=19$m=8,t=1,p=1$!$!"} {
		if passwordFits("", broken) || passwordFits("correct horse", broken) {
			t.Errorf("a password fits the hash %q", broken)
		}
	}
}
