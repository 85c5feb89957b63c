//go:build !linux && !windows

package window

import "errors"

func openDesk() (desk, error) {
	return nil, errors.New("on this system the agent asks by the system's own means")
}
