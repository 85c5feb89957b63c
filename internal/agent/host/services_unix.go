//go:build linux || darwin

package host

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// serviceControls is where systems keep the program that starts and stops
// their services.
var serviceControls = []string{"/usr/bin/systemctl", "/bin/systemctl", "/bin/launchctl"}

const serviceLimit = 2 * time.Minute // systemd waits up to 90 s for a service to end

// Services runs systemctl or launchctl, whichever this system has. The error
// has its last line.
func Services(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, serviceLimit)
	defer cancel()
	path, found := installed(serviceControls)
	if !found {
		return fmt.Errorf("this system has none of %s", strings.Join(serviceControls, ", "))
	}
	said, err := command(ctx, path, args).CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		return fmt.Errorf("%s %s: %w: %s", path, strings.Join(args, " "), err, lines[len(lines)-1])
	}
	return nil
}
