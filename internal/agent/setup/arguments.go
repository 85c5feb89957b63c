//go:build darwin || windows

package setup

// arguments are those of the program as a service.
func (s *Setup) arguments(o Options) []string {
	args := []string{"run", "--state", s.state, "--policy", s.policy()}
	if o.Server != "" {
		args = append(args, "--server", o.Server, "--pin", o.Pin, "--code-file", s.codeFile())
	}
	return args
}
