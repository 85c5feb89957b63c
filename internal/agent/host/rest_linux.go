package host

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// restProgram tells the kernel that most of the program's own pages are not in
// use: nine tenths of the code never run while the agent waits. What does run
// is mapped again from the file when it is needed, mostly without reading.
func restProgram() {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		var rights, offset, device, inode string
		n, _ := fmt.Sscanf(line, "%x-%x %s %s %s %s", &from, &to, &rights, &offset, &device, &inode)
		// Only what cannot have been written to: the rest would be lost.
		if n == 6 && strings.HasSuffix(strings.TrimRight(line, "\n"), " "+program) && rights[1] == '-' {
			unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED) // in vain is no harm
		}
	}
}
