package window

import (
	"fmt"
	"slices"
	"sync"

	"github.com/godbus/dbus/v5"
)

// The names of the desktop's services on the user's own bus, as freedesktop.org
// specifies them ("Desktop Notifications", "XDG Desktop Portal").
const (
	notifications = "org.freedesktop.Notifications"
	portal        = "org.freedesktop.portal.Desktop"
)

// dismissedByCall is the reason of a notification's end that is our own doing.
const dismissedByCall = 3

// A bus is a desktop that is reached over D-Bus.
type bus struct {
	conn   *dbus.Conn
	server dbus.BusObject
	events chan event
	stop   chan struct{}

	mu    sync.Mutex
	shown uint32 // id of the notification; 0 for none
}

func openDesk() (desk, error) {
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		return nil, fmt.Errorf("reaching the user's bus: %w", err)
	}
	b := &bus{conn: conn, server: conn.Object(notifications, "/org/freedesktop/Notifications"), events: make(chan event, 8), stop: make(chan struct{})}
	if err := conn.AddMatchSignal(dbus.WithMatchInterface(notifications), dbus.WithMatchSender(notifications)); err != nil {
		conn.Close()
		return nil, fmt.Errorf("listening on the user's bus: %w", err)
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	go b.listen(signals)
	return b, nil
}

// listen turns signals about our notification into events, until Close, or until
// the bus is gone: then the events end.
func (b *bus) listen(signals <-chan *dbus.Signal) {
	defer close(b.events)
	for s := range signals {
		if len(s.Body) < 2 {
			continue
		}
		id, _ := s.Body[0].(uint32)
		b.mu.Lock()
		ours := id != 0 && id == b.shown
		b.mu.Unlock()
		e := dismissed
		switch s.Name {
		case notifications + ".ActionInvoked":
			if e = clicked; s.Body[1] == "later" {
				e = putOff
			}
		case notifications + ".NotificationClosed":
			ours = ours && s.Body[1] != uint32(dismissedByCall)
		default:
			continue
		}
		if !ours {
			continue
		}
		select {
		case b.events <- e:
		case <-b.stop:
			return
		}
	}
}

// Notify implements desk. A second notification takes the place of the first.
func (b *bus) Notify(address string) error {
	var abilities []string
	if err := b.server.Call(notifications+".GetCapabilities", 0).Store(&abilities); err != nil {
		return fmt.Errorf("there is nothing that shows notifications: %w", err)
	}
	text, actions := "Your administrator asks who uses this device.", []string{"default", "Answer", "answer", "Answer", "later", "Not now"}
	if !slices.Contains(abilities, "actions") || !b.hasPortal() {
		text, actions = text+" Open "+address+" in your browser to answer.", []string{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	hints := map[string]dbus.Variant{"urgency": dbus.MakeVariant(byte(1)), "category": dbus.MakeVariant("device")}
	const never = int32(0) // it does not go away by itself
	call := b.server.Call(notifications+".Notify", 0, "Reeve", b.shown, "dialog-question", "Who uses this device?", text, actions, hints, never)
	if err := call.Store(&b.shown); err != nil {
		return fmt.Errorf("showing a notification: %w", err)
	}
	return nil
}

// hasPortal reports whether browsers can be opened on the desktop.
func (b *bus) hasPortal() bool {
	var running bool
	var startable []string
	object := b.conn.BusObject()
	if object.Call("org.freedesktop.DBus.NameHasOwner", 0, portal).Store(&running) == nil && running {
		return true
	}
	return object.Call("org.freedesktop.DBus.ListActivatableNames", 0).Store(&startable) == nil && slices.Contains(startable, portal)
}

func (b *bus) Events() <-chan event { return b.events }

// Open implements desk. The desktop itself starts the browser.
func (b *bus) Open(address string) error {
	return b.conn.Object(portal, "/org/freedesktop/portal/desktop").Call("org.freedesktop.portal.OpenURI.OpenURI", 0,
		"", address, map[string]dbus.Variant{}).Err
}

// Close takes the notification away.
func (b *bus) Close() {
	close(b.stop)
	b.mu.Lock()
	shown := b.shown
	b.mu.Unlock()
	if shown != 0 {
		b.server.Call(notifications+".CloseNotification", 0, shown)
	}
	b.conn.Close()
}
