package host

// checkSocket takes every socket: who may make one is for access lists to say.
func checkSocket(string) error { return nil }
