package cmapi

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"reeve"
	"reeve/internal/control"
)

// A naming is what a caller names devices by.
type naming int8

const (
	byNothing naming = iota // by what no device of Reeve has, such as an SSID
	byID
	byMAC
	byIDOrMAC
	byCustomID
)

// opts are the published values of opt, of which the pages have three sorts.
type opts map[int]naming

var (
	optV3     = opts{0: byIDOrMAC, 1: byCustomID}
	optV2     = opts{0: byMAC, 1: byID}
	optSSID   = opts{0: byMAC, 1: byID, 3: byNothing}
	optDetail = opts{0: byID, 1: byMAC} // Device Details v2 turns the first two round
)

// naming reads a value of opt.
func (o opts) naming(opt int) (naming, error) {
	by, known := o[opt]
	if !known {
		return by, reeve.Errorf(reeve.Invalid, "%d is not a value of opt; it has %v", opt, slices.Sorted(maps.Keys(o)))
	}
	return by, nil
}

// inQuery reads opt from the query.
func (o opts) inQuery(q url.Values) (naming, error) {
	opt, err := number(q, "opt", 0)
	if err != nil {
		return byNothing, err
	}
	return o.naming(opt)
}

// number reads a whole number from the query.
func number(q url.Values, name string, otherwise int) (int, error) {
	text, err := only(q, name)
	if err != nil || text == "" {
		return otherwise, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, reeve.Errorf(reeve.Invalid, "%s must be a whole number", name)
	}
	return n, nil
}

// find returns the device that each name means, in their order, and the zero
// device for a name that means none. A MAC means the one device that no other
// managed record disputes. It asks the store once for each sort of name.
func (a *api) find(ctx context.Context, account int64, by naming, names []string) ([]reeve.Device, error) {
	ids, macs := make([]string, 0, len(names)), make([]reeve.MAC, len(names))
	for i, name := range names {
		mac, isMAC := reeve.ParseMAC(name)
		switch {
		case isMAC && (by == byMAC || by == byIDOrMAC):
			macs[i] = mac
		case reeve.IsID(name) && (by == byID || by == byIDOrMAC), by == byCustomID && name != "":
			ids = append(ids, name)
		}
	}
	look, key := a.Devices.DevicesByID, func(d reeve.Device) string { return d.ID }
	if by == byCustomID {
		look, key = a.Devices.DevicesByCustomID, func(d reeve.Device) string { return d.CustomID }
	}
	known := map[string]reeve.Device{}
	if len(ids) > 0 {
		devices, err := look(ctx, account, ids)
		if err != nil {
			return nil, err
		}
		for _, d := range devices {
			known[key(d)] = d
		}
	}
	owners, err := a.owners(ctx, account, macs)
	if err != nil {
		return nil, err
	}
	out := make([]reeve.Device, len(names))
	for i, name := range names {
		if macs[i] != 0 {
			out[i] = owners[macs[i]]
		} else if by != byMAC {
			out[i] = known[name]
		}
	}
	return out, nil
}

// owners returns the device that each MAC can only mean; zero MACs are passed by.
func (a *api) owners(ctx context.Context, account int64, macs []reeve.MAC) (map[reeve.MAC]reeve.Device, error) {
	wanted := slices.DeleteFunc(slices.Clone(macs), func(m reeve.MAC) bool { return m == 0 })
	if len(wanted) == 0 {
		return nil, nil
	}
	devices, err := a.Devices.DevicesByMAC(ctx, account, wanted)
	if err != nil {
		return nil, err
	}
	claims := map[reeve.MAC][]reeve.Device{}
	for _, d := range devices {
		for _, mac := range d.MACs {
			claims[mac] = append(claims[mac], d)
		}
	}
	found := map[reeve.MAC]reeve.Device{}
	for mac, claimants := range claims {
		if d, ok := control.Undisputed(claimants); ok {
			found[mac] = d
		}
	}
	return found, nil
}

// findOne returns the device that a name means, else NotFound. Addresses of 2014
// ended in .json.
func (a *api) findOne(ctx context.Context, account int64, by naming, name string) (reeve.Device, error) {
	found, err := a.find(ctx, account, by, []string{strings.TrimSuffix(name, ".json")})
	if err != nil {
		return reeve.Device{}, err
	}
	if found[0].No == 0 {
		return reeve.Device{}, errNoDevice
	}
	return found[0], nil
}

var errNoDevice = reeve.Errorf(reeve.NotFound, "there is no such device in this account, or the MAC address is claimed by several")

// those returns the devices that were found, without the gaps.
func those(found []reeve.Device) []reeve.Device {
	return slices.DeleteFunc(found, func(d reeve.Device) bool { return d.No == 0 })
}
