package cmapi

import (
	"testing"

	"reeve/internal/action"
)

// What was ordered of a device is in its log, whatever it was.
func TestEveryActionHasAWord(t *testing.T) {
	for _, d := range action.Offered(action.Own) {
		if actionWords[d.Name] == "" {
			t.Errorf("orders of %s are left out of the log of devices", d.Name)
		}
	}
}
