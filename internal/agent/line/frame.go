package line

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A frame is one protocol message of the bus.
type frame struct {
	op      string // INFO, MSG, PING, PONG, +OK or -ERR
	topic   int    // of a MSG: the number of the subscription
	payload []byte // of a MSG: the message, else the rest of the line; valid until the next frame
}

// Bounds on what the bus may send, so that no peer can fill our memory.
const (
	bufferSize = 4 << 10
	maxLine    = 64 << 10
	maxMessage = 1 << 20
)

var errProtocol = errors.New("the message bus does not follow its protocol")

// A frames reads frames. Messages that fit into the buffer are not copied.
type frames struct {
	r    *bufio.Reader
	held int // bytes of the last message that are still in the buffer
}

func newFrames(r io.Reader) frames { return frames{r: bufio.NewReaderSize(r, bufferSize)} }

func (f *frames) next() (frame, error) {
	if f.held > 0 {
		f.r.Discard(f.held)
		f.held = 0
	}
	line, err := f.line()
	if err != nil {
		return frame{}, err
	}
	op, rest, _ := bytes.Cut(line, []byte(" "))
	switch string(op) {
	case "MSG":
		return f.message(rest)
	case "INFO", "PING", "PONG", "+OK", "-ERR":
		return frame{op: string(op), payload: rest}, nil
	default:
		return frame{}, errProtocol
	}
}

// line returns the next line without its end.
func (f *frames) line() ([]byte, error) {
	line, err := f.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		long := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(long) < maxLine {
			line, err = f.r.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errProtocol
	}
	return bytes.TrimRight(line, "\r\n"), err
}

// message reads what follows the line "MSG subject sid [reply] size".
func (f *frames) message(head []byte) (frame, error) {
	words := bytes.Fields(head)
	if len(words) != 3 && len(words) != 4 {
		return frame{}, errProtocol
	}
	topic, err1 := strconv.Atoi(string(words[1]))
	size, err2 := strconv.Atoi(string(words[len(words)-1]))
	if err1 != nil || err2 != nil || size < 0 || size > maxMessage {
		return frame{}, fmt.Errorf("%w: bad head of a message", errProtocol)
	}
	var body []byte
	if size+2 <= f.r.Size() {
		body, err1 = f.r.Peek(size + 2)
		f.held = len(body)
	} else {
		body = make([]byte, size+2)
		_, err1 = io.ReadFull(f.r, body)
	}
	if err1 != nil {
		return frame{}, err1
	}
	if body[size] != '\r' || body[size+1] != '\n' {
		return frame{}, fmt.Errorf("%w: a message has another size than announced", errProtocol)
	}
	return frame{op: "MSG", topic: topic, payload: body[:size]}, nil
}
