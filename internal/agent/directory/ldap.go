package directory

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
)

// maxMessage is the longest message that is read: an entry with the few
// attributes that are asked for is far below it.
const maxMessage = 1 << 20

// A conn is one connection, on which one request follows the other.
type conn struct {
	net.Conn
	in   *bufio.Reader
	last int // id of the last request
}

func newConn(c *tls.Conn) *conn { return &conn{Conn: c, in: bufio.NewReader(c)} }

// ask sends a request.
func (c *conn) ask(op []byte, controls []byte) error {
	c.last++
	_, err := c.Write(element(tagSequence, number(tagInteger, c.last), op, controls))
	return err
}

// hear reads the next message that answers the last request.
func (c *conn) hear() (op byte, body, controls []byte, err error) {
	head := make([]byte, 2, 6)
	if _, err = io.ReadFull(c.in, head); err != nil {
		return 0, nil, nil, err
	}
	if n := int(head[1]); n > 0x80 && n <= 0x84 {
		head = head[:2+n-0x80]
		if _, err = io.ReadFull(c.in, head[2:]); err != nil {
			return 0, nil, nil, err
		}
	}
	size := int(head[1])
	if size >= 0x80 {
		size = 0
		for _, b := range head[2:] {
			size = size<<8 | int(b)
		}
	}
	if head[0] != tagSequence || head[1] == 0x80 || size > maxMessage {
		return 0, nil, nil, errMalformed
	}
	message := make([]byte, size)
	if _, err = io.ReadFull(c.in, message); err != nil {
		return 0, nil, nil, err
	}
	_, raw, rest, err := split(message)
	if err != nil {
		return 0, nil, nil, err
	}
	if id, err := integer(raw); err != nil || id != c.last {
		return 0, nil, nil, errMalformed // such as the notice that the connection ends
	}
	op, body, rest, err = split(rest)
	if err == nil && len(rest) > 0 {
		_, controls, _, err = split(rest)
	}
	return op, body, controls, err
}

// results are the codes that a person can do something about, RFC 4511.
var results = map[int]string{
	3: "it took too long", 4: "it would give more than it may", 8: "it wants a stronger sign-in", 11: "it would give more than it may",
	32: "there is no such part of the directory", 49: "the user or the password is wrong", 50: "the user may not read this", 51: "it is busy",
}

// result reads how a request ended.
func result(body []byte) error {
	parts, err := elements(body)
	if err != nil || len(parts) < 3 {
		return errMalformed
	}
	code, err := integer(parts[0])
	if err != nil || code == 0 {
		return err
	}
	if why := results[code]; why != "" {
		return fmt.Errorf("the directory refuses: %s", why)
	}
	return fmt.Errorf("the directory refuses with code %d", code)
}

// bind signs in.
func (c *conn) bind(user, password string) error {
	err := c.ask(element(opBind, number(tagInteger, 3), text(user), element(choiceSimple, []byte(password))), nil)
	if err != nil {
		return err
	}
	op, body, _, err := c.hear()
	if err == nil && op != opBound {
		err = errMalformed
	}
	if err != nil {
		return err
	}
	return result(body)
}

// A search is what to look for.
type search struct {
	base       string
	whole      bool // everything below the base, and not itself alone
	filter     []byte
	attributes []string
}

// An entry has the first value of each attribute.
type entry map[string][]byte

// pageSize is how many entries come at once; Active Directory gives 1,000 at most.
const pageSize = 500

const pagedResults = "1.2.840.113556.1.4.319" // RFC 2696

// each calls found for every entry of a search, page by page.
func (c *conn) each(s search, found func(entry) error) error {
	scope := 0
	if s.whole {
		scope = 2
	}
	var attributes [][]byte
	for _, a := range s.attributes {
		attributes = append(attributes, text(a))
	}
	request := element(opSearch, text(s.base), number(tagEnumerated, scope), number(tagEnumerated, 0),
		number(tagInteger, 0), number(tagInteger, 0), element(tagBoolean, []byte{0}), s.filter, element(tagSequence, attributes...))
	for cookie := ""; ; {
		var controls []byte
		if s.whole {
			page := element(tagSequence, number(tagInteger, pageSize), text(cookie))
			controls = element(choiceControls, element(tagSequence, text(pagedResults), element(tagOctets, page)))
		}
		if err := c.ask(request, controls); err != nil {
			return err
		}
		answered, err := c.page(found)
		if err != nil {
			return err
		}
		if cookie, err = nextPage(answered); err != nil || cookie == "" {
			return err
		}
	}
}

// page reads the entries up to the end of an answer, and returns its controls.
func (c *conn) page(found func(entry) error) (controls []byte, err error) {
	for {
		op, body, controls, err := c.hear()
		if err != nil {
			return nil, err
		}
		switch op {
		case opEntry:
			e, err := readEntry(body)
			if err == nil {
				err = found(e)
			}
			if err != nil {
				return nil, err
			}
		case opReference: // to another directory, which nobody asked for
		case opDone:
			return controls, result(body)
		default:
			return nil, errMalformed
		}
	}
}

func readEntry(body []byte) (entry, error) {
	parts, err := elements(body)
	if err != nil || len(parts) < 2 {
		return nil, errMalformed
	}
	attributes, err := elements(parts[1])
	e := entry{}
	for _, a := range attributes {
		pair, err := elements(a)
		if err != nil || len(pair) < 2 {
			return nil, errMalformed
		}
		if values, err := elements(pair[1]); err != nil {
			return nil, err
		} else if len(values) > 0 {
			e[string(pair[0])] = values[0]
		}
	}
	return e, err
}

// nextPage reads where the next page begins; "" if there is none.
func nextPage(controls []byte) (string, error) {
	all, err := elements(controls)
	if err != nil {
		return "", err
	}
	for _, control := range all {
		parts, err := elements(control)
		if err != nil || len(parts) < 2 || string(parts[0]) != pagedResults {
			continue
		}
		_, value, _, err := split(parts[len(parts)-1])
		if err != nil {
			return "", err
		}
		page, err := elements(value)
		if err != nil || len(page) < 2 {
			return "", errMalformed
		}
		return string(page[1]), nil
	}
	return "", nil
}
