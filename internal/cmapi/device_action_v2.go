package cmapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
)

// What types says in v2, and what opt of the deletes says, in the words of
// internal/action.
var (
	actionWordsV2 = map[string]string{
		"dhcprenew": "dhcprenew", "exempt_critical": "exempt_critical", "exempt_all": "exempt", "unexempt": "unexempt",
	}
	manyActionWordsV2 = map[string]string{"dhcprenew": "dhcprenew", "exempt_all": "exempt", "unexempt": "unexempt"}
	deleteWordsV2     = map[string]string{"": "delete", "0": "retire", "1": "delete", "2": "archive"}
)

// Source: "Device Action" v2.0, "Devices Action" v2.0, "Delete Device" v2.0 and
// v2.2, "Delete Devices" v2.0 of the OAuth API manual. An HWID is Reeve's device
// id. V3 put them into one endpoint.
var deviceActionsV2 = []deviceAction{
	{segment: "v2", path: "devices/{value}/action", rules: action.V2, rate: "devices/action", inURL: true, by: "types", words: actionWordsV2, done: "OK",
		decode: decodeOneV2, encode: encodeOneV2, page: oneActionPage},
	{segment: "v2", path: "devices/action", rules: action.V2, rate: "devices/action", by: "types", words: manyActionWordsV2,
		decode: decodeManyV2, encode: encodeManyV2, page: manyActionsPage},
	{segment: "v2", path: "devices/{value}/delete", rules: action.V2, rate: "devices/delete", inURL: true, by: "opt", words: deleteWordsV2, done: "Device has been deleted",
		decode: decodeDeleteV2, encode: encodeOneV2, page: deletePage("2", "Delete Device v2.0")},
	{segment: "v2.2", path: "devices/{value}/delete", rules: action.V2, rate: "devices/delete", inURL: true, by: "opt", words: deleteWordsV2, done: "Device has been deleted",
		decode: decodeDeleteV2, encode: encodeOneV2, page: deletePage("2.2", "Delete Device")},
	{segment: "v2", path: "devices/delete", rules: action.V2, rate: "devices/delete", by: "opt", words: deleteWordsV2,
		decode: decodeDeleteManyV2, encode: encodeManyV2, page: manyDeletesPage},
}

// decodeOneV2 reads Device Action, whose parameters are all in the URL.
func decodeOneV2(v deviceAction, in actionInput) (actionRequest, error) {
	types, err := only(in.query, "types")
	if err != nil {
		return actionRequest{}, err
	}
	opt, err := only(in.query, "opt")
	if err != nil {
		return actionRequest{}, err
	}
	out := actionRequest{sent: []string{in.value}}
	switch opt {
	case "", "0":
		out.order.MACs = out.sent
	case "1":
		out.order.IDs = out.sent
	default:
		return out, errOptV2
	}
	return out, v.name(types, &out.order)
}

var errOptV2 = reeve.Errorf(reeve.Invalid, "opt must be 0 for a MAC address or 1 for a device id")

// decodeDeleteV2 reads Delete Device, which tells by its look whether the value
// is a MAC address or a device id.
func decodeDeleteV2(v deviceAction, in actionInput) (actionRequest, error) {
	opt, err := only(in.query, "opt")
	if err != nil {
		return actionRequest{}, err
	}
	out := actionRequest{sent: []string{in.value}}
	if _, isMAC := reeve.ParseMAC(in.value); isMAC {
		out.order.MACs = out.sent
	} else {
		out.order.IDs = out.sent
	}
	return out, v.name(opt, &out.order)
}

// decodeManyV2 reads Devices Action. Which list there is says what opt says, so
// a client that forgets the one to the other is understood.
func decodeManyV2(v deviceAction, in actionInput) (actionRequest, error) {
	var types string
	var opt int
	out, err := readManyV2(in.body, object{"types": &types, "opt": &opt})
	if err != nil {
		return out, err
	}
	if opt != 0 && opt != 1 {
		return out, errOptV2
	}
	return out, v.name(types, &out.order)
}

// decodeDeleteManyV2 reads Delete Devices.
func decodeDeleteManyV2(v deviceAction, in actionInput) (actionRequest, error) {
	opt := 1
	out, err := readManyV2(in.body, object{"opt": &opt})
	if err != nil {
		return out, err
	}
	return out, v.name(strconv.Itoa(opt), &out.order)
}

// readManyV2 reads a body that names devices in one of two lists, and Reeve's
// own members.
func readManyV2(body []byte, members object) (actionRequest, error) {
	var out actionRequest
	var own json.RawMessage
	members["MAC_list"], members["HWID_list"], members["reeve"] = &out.order.MACs, &out.order.IDs, &own
	if err := members.read(body); err != nil {
		return out, err
	}
	if (len(out.order.MACs) == 0) == (len(out.order.IDs) == 0) {
		return out, reeve.Errorf(reeve.Invalid, "name the devices in exactly one list, MAC_list or HWID_list, and at least one of them")
	}
	if out.sent = out.order.MACs; len(out.sent) == 0 {
		out.order.MACs, out.sent = nil, out.order.IDs
	} else {
		out.order.IDs = nil
	}
	return out, readOwn(own, &out)
}

// name puts the action that a word of the wire means into the order.
func (v deviceAction) name(word string, order *control.Order) error {
	name, ok := v.words[word]
	if !ok {
		known := slices.DeleteFunc(slices.Sorted(maps.Keys(v.words)), func(w string) bool { return w == "" })
		return reeve.Errorf(reeve.Invalid, "%s must be one of %s", v.by, strings.Join(known, ", "))
	}
	order.Action = name
	return nil
}

// encodeOneV2 writes the answer about one device.
func encodeOneV2(v deviceAction, a actionAnswer) []byte {
	out := a.placement.Outcomes[0]
	switch {
	case out.Status == 1:
		return appendResult(1, v.done)
	case out.Reason == reeve.NoReason:
		return appendResult(0, "Device not found")
	default:
		return appendResult(0, out.Reason.Sentence())
	}
}

func appendResult(result int, message string) []byte {
	b := strconv.AppendInt([]byte(`{"result":`), int64(result), 10)
	return append(appendString(append(b, `,"msg":`...), message), '}')
}

// encodeManyV2 writes a number for each entry of the request.
func encodeManyV2(_ deviceAction, a actionAnswer) []byte {
	b := make([]byte, 0, 16+2*len(a.sent))
	b = append(b, `{"result":[`...)
	for i, out := range a.placement.Outcomes {
		if i > 0 {
			b = append(b, ',')
		}
		if out.Status == 1 {
			b = append(b, '1')
		} else {
			b = append(b, '0')
		}
	}
	b = append(b, ']')
	if a.reasons {
		b = append(b, `,"reasons":[`...)
		for i, out := range a.placement.Outcomes {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, reasonWord(out))
		}
		b = append(b, ']')
	}
	return append(b, '}')
}
