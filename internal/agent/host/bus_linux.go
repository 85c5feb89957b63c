package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

// systemBus is where the system's message bus listens. The environment has no
// say: whoever could set it would tell root what is so.
const systemBus = "/run/dbus/system_bus_socket"

// greetWithin is how long the bus may take until calls can be made.
const greetWithin = 10 * time.Second

// A bus is a connection to a message bus, made by the first call. It is closed
// when a renewal ends: what it takes would stay, and renewals are rare.
type bus struct {
	path string

	mu   sync.Mutex
	conn *dbus.Conn
}

func (b *bus) open() (*dbus.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil {
		return b.conn, nil
	}
	raw, err := net.DialTimeout("unix", b.path, greetWithin)
	if err != nil {
		return nil, err
	}
	raw.SetDeadline(time.Now().Add(greetWithin))
	conn, err := dbus.NewConn(raw)
	if err == nil {
		err = errors.Join(conn.Auth(nil), conn.Hello())
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	raw.SetDeadline(time.Time{})
	b.conn = conn
	return conn, nil
}

func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil {
		b.conn.Close()
		b.conn = nil
	}
}

// has reports whether somebody has a name on the bus. Without a bus nobody has;
// one that was stopped may leave its socket.
func (b *bus) has(ctx context.Context, name string) (has bool, err error) {
	err = service{b, "org.freedesktop.DBus"}.call(ctx, "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", name)(&has)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		err = nil
	}
	return has, err
}

// A service is who has a name on a bus.
type service struct {
	*bus
	name string
}

// call calls a method of an object and returns what stores its answer. No
// service is started for it.
func (s service) call(ctx context.Context, object dbus.ObjectPath, method string, args ...any) func(into ...any) error {
	conn, err := s.open()
	if err != nil {
		return func(...any) error { return fmt.Errorf("connecting to the system bus: %w", err) }
	}
	call := conn.Object(s.name, object).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
	return func(into ...any) error {
		err := call.Err
		if err == nil && len(into) > 0 {
			err = call.Store(into...)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		return nil
	}
}

// property reads one property of an object.
func (s service) property(ctx context.Context, object dbus.ObjectPath, iface, name string) (v dbus.Variant, err error) {
	err = s.call(ctx, object, "org.freedesktop.DBus.Properties.Get", iface, name)(&v)
	return v, err
}
