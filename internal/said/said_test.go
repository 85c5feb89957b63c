package said

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"reeve"
	"reeve/internal/link"
)

func TestLine(t *testing.T) {
	tests := map[string]struct {
		text string
		most int
		want string
	}{
		"plain":            {"all is well", 20, "all is well"},
		"line ends":        {"a\nb\tc\rd", 20, "a b c d"},
		"control":          {"a\x00b\x1bc\u0085d\x7f", 20, "abcd"},
		"broken UTF-8":     {"a\xffb", 20, "a\uFFFDb"},
		"too long":         {"abcdef", 3, "abc"},
		"cut in character": {"aé", 2, "a"},
		"empty":            {"", 5, ""},
		"other scripts":    {"走る", 20, "走る"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Line(tt.text, tt.most); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func hello(change func(*link.Hello)) []byte {
	h := link.Hello{
		Protocol: 1, Nonce: []byte("n"), Version: "26.11.0", Kind: "persistent", System: "linux",
		Actions: []string{"retire", "fly"}, Hostname: "host", Hardware: "h",
		MACs:  []string{"00:0c:30:cd:ff:b2", "00-0C-29-CD-C7-B2", "000c.29cd.c7b2"},
		Facts: json.RawMessage(`{"os_name":"Debian\u0000","networks":[{"name":"eth0","ipv4":["10.0.0.1"]}],"new":1,"users":["a\nb"],"memory":-1,"disks":[{"name":"/\u0000","size":5,"free":-5}]}`),
	}
	change(&h)
	b, err := json.Marshal(h)
	if err != nil {
		panic(err)
	}
	return b
}

func TestReadHello(t *testing.T) {
	h, err := ReadHello(hello(func(*link.Hello) {}))
	if err != nil {
		t.Fatal(err)
	}
	first, _ := reeve.ParseMAC("00:0c:29:cd:c7:b2")
	second, _ := reeve.ParseMAC("00:0c:30:cd:ff:b2")
	if !slices.Equal(h.MACs, []reeve.MAC{first, second}) {
		t.Errorf("MACs %v", h.MACs)
	}
	if h.Facts.Users[0] != "a b" || h.Facts.Memory != 0 || h.Facts.Disks[0] != (reeve.Disk{Name: "/", Size: 5}) {
		t.Errorf("facts %+v", h.Facts)
	}
	if h.Facts.OSName != "Debian" || h.Facts.Networks[0].IPv4[0] != "10.0.0.1" {
		t.Errorf("facts %+v", h.Facts)
	}
	if h.Kind != reeve.Persistent || h.System != reeve.Linux || !h.Abilities.Has("retire") {
		t.Errorf("read %+v", h)
	}
}

func TestBadHellos(t *testing.T) {
	tests := map[string]func(*link.Hello){
		"no protocol":       func(h *link.Hello) { h.Protocol = 0 },
		"no nonce":          func(h *link.Hello) { h.Nonce = nil },
		"long nonce":        func(h *link.Hello) { h.Nonce = make([]byte, maxNonce+1) },
		"version":           func(h *link.Hello) { h.Version = "newest" },
		"kind":              func(h *link.Hello) { h.Kind = "toaster" },
		"kind none":         func(h *link.Hello) { h.Kind = "none" },
		"many MACs":         func(h *link.Hello) { h.MACs = make([]string, maxMACs+1) },
		"malformed MAC":     func(h *link.Hello) { h.MACs = []string{"00:00"} },
		"zero MAC":          func(h *link.Hello) { h.MACs = []string{"00:00:00:00:00:00"} },
		"facts are a list":  func(h *link.Hello) { h.Facts = json.RawMessage(`[]`) },
		"facts of a number": func(h *link.Hello) { h.Facts = json.RawMessage(`{"os_name":5}`) },
		"too long":          func(h *link.Hello) { h.Hostname = strings.Repeat("x", link.MaxHello) },
		"many networks": func(h *link.Hello) {
			h.Facts = json.RawMessage(`{"networks":[` + strings.Repeat(`{},`, maxNetworks) + `{}]}`)
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadHello(hello(change)); err == nil {
				t.Error("accepted")
			}
		})
	}
}

const command = "0000018f5c0e2a000000002a"

func TestReadReport(t *testing.T) {
	tests := map[string]struct {
		text string
		want reeve.Report // but for ID and Device; the zero Report if it is refused
	}{
		"running":        {`{"state":"running","percent":-1}`, reeve.Report{State: reeve.Running, Percent: -1}},
		"succeeded":      {`{"state":"succeeded","reason":"seal"}`, reeve.Report{State: reeve.Succeeded}},
		"refused":        {`{"state":"refused","reason":"policy"}`, reeve.Report{State: reeve.Refused, Reason: reeve.PolicyForbids}},
		"new reason":     {`{"state":"failed","reason":"mood"}`, reeve.Report{State: reeve.Failed}},
		"null result":    {`{"state":"failed","result":null}`, reeve.Report{State: reeve.Failed}},
		"long message":   {`{"state":"failed","message":"` + strings.Repeat("a", 2000) + `"}`, reeve.Report{State: reeve.Failed, Message: strings.Repeat("a", 1024)}},
		"queued":         {`{"state":"queued"}`, reeve.Report{}},
		"expired":        {`{"state":"expired"}`, reeve.Report{}},
		"no state":       {`{}`, reeve.Report{}},
		"percent":        {`{"state":"running","percent":101}`, reeve.Report{}},
		"list as result": {`{"state":"failed","result":[1]}`, reeve.Report{}},
		"text as result": {`{"state":"failed","result":"{}"}`, reeve.Report{}},
		"broken UTF-8":   {`{"state":"failed","result":{"a":"` + "\xff" + `"}}`, reeve.Report{}},
		"large result":   {`{"state":"failed","result":{"a":"` + strings.Repeat("a", link.MaxResult) + `"}}`, reeve.Report{}},
		"answer to ''":   {`{"state":"succeeded","identity":{"":"x"}}`, reeve.Report{}},
		"long answer":    {`{"state":"succeeded","identity":{"a":"` + strings.Repeat("a", 2000) + `"}}`, reeve.Report{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ReadReport(9, []byte(`{"command":"`+command+`",`+strings.TrimPrefix(tt.text, "{")))
			if tt.text == "{}" {
				got, err = ReadReport(9, []byte(`{"command":"`+command+`"}`))
			}
			if tt.want.State == 0 {
				if err == nil {
					t.Errorf("accepted as %+v", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Device != 9 || got.ID.String() != command || got.State != tt.want.State || got.Reason != tt.want.Reason ||
				got.Percent != tt.want.Percent || got.Message != tt.want.Message || got.Result != nil {
				t.Errorf("got %+v", got)
			}
		})
	}
	for _, id := range []string{"", "x", strings.ToUpper(command), command + "00", strings.Repeat("f", 24)} {
		if _, err := ReadReport(9, []byte(`{"command":"`+id+`","state":"failed"}`)); err == nil {
			t.Errorf("accepted the command id %q", id)
		}
	}
}

func TestThreats(t *testing.T) {
	for result, want := range map[string][]reeve.Threat{
		``: nil, `{}`: nil, `{"threats":null}`: nil, `{"threats":[]}`: nil, `{"threats":3}`: nil, `{"threats":[7]}`: nil, `{"threats":[{"size":"x"}]}`: nil,
		`{"threats":[{"path":"/a\nb","signature":"E\nvil","engine":"builtin","size":68,"sha256":"aa","md5":"bb","more":1},{"size":-7}]}`: {
			{Path: "/a\nb", Signature: "E vil", Engine: "builtin", Size: 68, SHA256: "aa", MD5: "bb"}, {Size: -1},
		},
		`{"threats":[{"path":"` + strings.Repeat("é", maxPath) + `","signature":"` + strings.Repeat("s", 1000) + `"}]}`: {
			{Path: strings.Repeat("é", maxPath/2), Signature: strings.Repeat("s", MaxText)},
		},
		`{"threats":[` + strings.Repeat("{},", maxThreats) + `{}]}`: make([]reeve.Threat, maxThreats),
	} {
		if got := Threats(json.RawMessage(result)); !slices.Equal(got, want) {
			t.Errorf("%.80s: %+v, want %+v", result, got, want)
		}
	}
}

func FuzzHello(f *testing.F) {
	f.Add(hello(func(*link.Hello) {}))
	f.Add(hello(func(h *link.Hello) { h.Hostname = "a\x00\xff\nb"; h.Facts = nil }))
	f.Add([]byte(`{"protocol":1,"nonce":"bg==","version":"1","kind":"mobile","macs":null,"facts":{"last_reboot":"2026-11-21T12:00:00Z"}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHello(data)
		if err != nil {
			return
		}
		texts := []string{h.Hostname, h.HardwareID, h.Facts.OSName, h.Facts.User, h.Facts.Type}
		for _, n := range h.Facts.Networks {
			texts = append(append(append(texts, n.Name, n.MAC), n.IPv4...), n.IPv6...)
		}
		for _, s := range texts {
			holdsLine(t, s, MaxText)
		}
		if len(h.Nonce) == 0 || len(h.MACs) > maxMACs || h.Kind == reeve.NoAgent {
			t.Errorf("accepted %+v", h)
		}
		if _, err := json.Marshal(h.Facts); err != nil {
			t.Error("the facts cannot be stored:", err)
		}
	})
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"command":"` + command + `","state":"running","percent":40,"message":"half\u0000way"}`))
	f.Add([]byte(`{"command":"` + command + `","state":"failed","reason":"interrupted","result":{"a":[1,2]}}`))
	f.Add([]byte(`{"command":"` + command + `","state":"succeeded","identity":{"full_name":"A\nB"}}`))
	f.Add([]byte(`{"command":"` + command + `","state":"succeeded","result":{"threats":[{"path":"/a\u0000b","size":1}]}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadReport(7, data)
		if err != nil {
			return
		}
		holdsLine(t, r.Message, link.MaxMessage)
		for _, threat := range r.Threats {
			holdsLine(t, threat.Signature, MaxText)
			if len(threat.Path) > maxPath || !utf8.ValidString(threat.Path) {
				t.Errorf("accepted the path %q", threat.Path)
			}
		}
		for name, answer := range r.Identity {
			holdsLine(t, name, MaxText)
			holdsLine(t, answer, maxAnswer)
		}
		if r.Device != 7 || !reeve.Sent.May(r.State) || r.Percent < -1 || r.Percent > 100 {
			t.Errorf("accepted %+v", r)
		}
		var object map[string]any
		if r.Result != nil && json.Unmarshal(r.Result, &object) != nil {
			t.Errorf("accepted the result %s", r.Result)
		}
		if !utf8.Valid(r.Result) || bytes.ContainsRune(r.Result, 0) {
			t.Errorf("accepted the result %q", r.Result)
		}
	})
}

func holdsLine(t *testing.T, s string, most int) {
	t.Helper()
	if !utf8.ValidString(s) || len(s) > most || strings.ContainsFunc(s, isControl) {
		t.Errorf("accepted the text %q", s)
	}
}

func FuzzCommunity(f *testing.F) {
	f.Add([]byte(`{"agent_version":"1.2","device_name":"a\n","os":{"family":"macOS"},"network_adapter_info":[{"mac":"00:0c:29:cd:c7:b2"}],"local_user":[{"name":"u"}]}`))
	f.Add([]byte(`{"hostname":"h","soh":{"os_info":[1]}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := ReadRegistration(data); err == nil {
			if !isLine(h.Hostname) || len(h.Hostname) > maxHostname || len(h.Facts.Networks) > maxNetworks || h.Abilities != 0 || !slices.IsSorted(h.MACs) {
				t.Errorf("accepted %+v", h)
			}
		}
		if h, err := ReadHealth(data); err == nil && (!isLine(h.Hostname) || len(h.Hostname) > maxHostname) {
			t.Errorf("accepted %+v", h)
		}
	})
}
