package courier

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
)

// A logger passes on what the bus says, most of which matters only to somebody
// who looks for a fault: agents come and go, and strangers knock.
type logger struct {
	log   *slog.Logger
	ended atomic.Pointer[error]
}

var _ server.Logger = (*logger)(nil)

// fatal returns why the bus gave up, nil if it did not.
func (l *logger) fatal() error {
	if err := l.ended.Load(); err != nil {
		return *err
	}
	return nil
}

func (l *logger) Fatalf(format string, v ...any) {
	err := fmt.Errorf(format, v...)
	l.ended.Store(&err)
}

func (l *logger) Errorf(format string, v ...any)  { l.say(format, v) }
func (l *logger) Warnf(format string, v ...any)   { l.say(format, v) }
func (l *logger) Noticef(format string, v ...any) { l.say(format, v) }
func (l *logger) Debugf(format string, v ...any)  { l.say(format, v) }
func (l *logger) Tracef(format string, v ...any)  { l.say(format, v) }

func (l *logger) say(format string, v []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("message bus", "says", fmt.Sprintf(format, v...))
	}
}
