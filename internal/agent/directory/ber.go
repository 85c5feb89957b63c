package directory

import "errors"

// The tags of RFC 4511 that are used here.
const (
	tagBoolean    = 0x01
	tagInteger    = 0x02
	tagOctets     = 0x04
	tagEnumerated = 0x0a
	tagSequence   = 0x30

	opBind         = 0x60
	opBound        = 0x61
	opUnbind       = 0x42
	opSearch       = 0x63
	opEntry        = 0x64
	opDone         = 0x65
	opReference    = 0x73
	choiceSimple   = 0x80
	choiceControls = 0xa0

	filterAnd     = 0xa0
	filterNot     = 0xa2
	filterEqual   = 0xa3
	filterPresent = 0x87
	filterRule    = 0xa9
)

var errMalformed = errors.New("the directory's answer is not LDAP")

// element writes a tag, the length and the parts.
func element(tag byte, parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	out := []byte{tag}
	switch {
	case size < 0x80:
		out = append(out, byte(size))
	case size < 0x100:
		out = append(out, 0x81, byte(size))
	case size < 0x10000:
		out = append(out, 0x82, byte(size>>8), byte(size))
	default:
		out = append(out, 0x83, byte(size>>16), byte(size>>8), byte(size))
	}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func text(s string) []byte { return element(tagOctets, []byte(s)) }

// number writes a number that is not negative.
func number(tag byte, n int) []byte {
	var digits []byte
	for {
		digits = append([]byte{byte(n)}, digits...)
		if n >>= 8; n == 0 {
			break
		}
	}
	if digits[0]&0x80 != 0 {
		digits = append([]byte{0}, digits...)
	}
	return element(tag, digits)
}

// split returns the first element and what is behind it. Lengths need not be as
// short as they could be: Active Directory writes four bytes of them.
func split(data []byte) (tag byte, value, rest []byte, err error) {
	if len(data) < 2 {
		return 0, nil, nil, errMalformed
	}
	size, at := int(data[1]), 2
	if size >= 0x80 {
		digits := size & 0x7f
		if digits == 0 || digits > 4 || len(data) < 2+digits {
			return 0, nil, nil, errMalformed
		}
		size = 0
		for _, b := range data[2 : 2+digits] {
			size = size<<8 | int(b)
		}
		at += digits
	}
	if size < 0 || size > len(data)-at {
		return 0, nil, nil, errMalformed
	}
	return data[0], data[at : at+size], data[at+size:], nil
}

// elements returns all elements of a value.
func elements(value []byte) (out [][]byte, err error) {
	for len(value) > 0 {
		var one []byte
		if _, one, value, err = split(value); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// integer reads a number that fits and is not negative.
func integer(value []byte) (n int, err error) {
	if len(value) == 0 || len(value) > 4 || value[0]&0x80 != 0 {
		return 0, errMalformed
	}
	for _, b := range value {
		n = n<<8 | int(b)
	}
	return n, nil
}
