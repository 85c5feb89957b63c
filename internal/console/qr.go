package console

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quietZone is how many light squares a reader wants around a code.
const quietZone = 4

// A picture is a QR code, for the camera of a phone.
type picture struct {
	Side int    // in squares
	Dark string // the path of an SVG
}

func pictureOf(text string) (picture, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return picture{}, err
	}
	var dark strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&dark, "M%d %dh1v1h-1z", x+quietZone, y+quietZone)
			}
		}
	}
	return picture{code.Size + 2*quietZone, dark.String()}, nil
}
