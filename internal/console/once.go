package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"

	"reeve"
)

// formKey is the field of a form that is carried out once; each form has a new one.
const formKey = "key"

func newKey() string { return rand.Text() }

// once carries out a form that makes a secret one time only, however often a
// browser sends it: to load the answer again neither makes another secret nor
// shows the first one again, but leads to where what was made can be found.
func (c *console) once(where func(v *visit) string, serve handler) handler {
	return func(v *visit) (*page, error) {
		if err := v.form(); err != nil {
			return nil, err
		}
		key := v.PostForm.Get(formKey)
		if key == "" {
			return serve(v)
		}
		var made *page
		_, repeated, err := c.Rules.Once(v.Context(), v.Caller.Account, reeve.RepeatKey{
			Actor: v.Caller.Actor, Route: "POST " + v.URL.Path, Key: key, Body: sha256.Sum256([]byte(v.PostForm.Encode())),
		}, func(ctx context.Context) (answer []byte, err error) {
			within := *v.Request
			within.Request = v.WithContext(ctx)
			v.Request = &within
			made, err = serve(v)
			return nil, err
		})
		if repeated && err == nil {
			return v.done(where(v), "frame.already")
		}
		return made, err
	}
}

// always is the same place for every form.
func always(path string) func(*visit) string { return func(*visit) string { return path } }
