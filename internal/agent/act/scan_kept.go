package act

import (
	"context"
	"log/slog"

	"reeve/internal/agent/scan"
)

// A KeepHost keeps how far scans have come.
type KeepHost interface {
	// KeepScan keeps what KeptScan returns until the command has ended, all or
	// nothing, over restarts and losses of power.
	KeepScan(command string, checkpoint []byte) error

	// KeptScan returns what was kept last of a scan, nil if nothing was.
	KeptScan(command string) ([]byte, error)
}

// keepScan has a scan kept, and go on from what was kept before it was
// interrupted. What cannot be kept, as on a full disk, is done again then.
func keepScan(ctx context.Context, h KeepHost, command string, o *scan.Options) {
	var err error
	if o.Last, err = h.KeptScan(command); err != nil {
		o.Last = []byte{} // there was something
		slog.WarnContext(ctx, "what was kept of a scan is not readable", "command", command, "err", err)
	}
	told := false
	o.Keep = func(checkpoint []byte) {
		if err := h.KeepScan(command, checkpoint); err != nil && !told {
			told = true
			slog.WarnContext(ctx, "scan not kept; after a restart some of it is done again", "command", command, "err", err)
		}
	}
}
