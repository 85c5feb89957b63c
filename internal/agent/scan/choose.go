package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Names are the engines that there are, if not on every system.
var Names = []string{"builtin", "clamav", "yara", "defender"}

// Choose returns those of the engines that only names, in its order, or all of
// them if it is nil. Whoever names an engine expects it: that it was never
// set up is then a lack like any other.
func Choose(engines []Engine, only []string) []Engine {
	if only == nil {
		return engines
	}
	var chosen []Engine
	for _, name := range only {
		i := slices.IndexFunc(engines, func(e Engine) bool { return e.Name() == name })
		if i < 0 {
			chosen = append(chosen, absent(name))
		} else {
			chosen = append(chosen, expected{engines[i]})
		}
	}
	return chosen
}

// absent is an engine that this system does not have.
type absent string

func (a absent) Name() string { return string(a) }

func (a absent) Open(context.Context) (Examination, error) {
	return nil, fmt.Errorf("there is no engine %s on this system", string(a))
}

// expected is an engine that has to be there.
type expected struct{ Engine }

func (e expected) Open(ctx context.Context) (Examination, error) {
	examination, err := e.Engine.Open(ctx)
	if errors.Is(err, ErrNotSetUp) {
		err = errors.New(err.Error())
	}
	return examination, err
}
