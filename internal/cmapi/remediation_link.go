package cmapi

import (
	"net/http"

	"reeve"
	"reeve/internal/door"
)

// remediationLink is the address of the page that tells about a device.
func (a *api) remediationLink(license, device string) string {
	return a.Public + "/remediation/" + license + "/" + device + "/" + a.Mark(license, device) + "/remediation.html"
}

// A remediation is one version of Get Remediation Link.
type remediation struct {
	segment, source string
	opts            opts
	optAbout        string
	answer          func(l lens, d reeve.Device, found bool) any
	fields          []door.Field
}

// Source: "Get Remediation Link" v2.0, v2.2 and v3.0 of the OAuth API manual.
var remediations = []remediation{
	{"v2", "Get Remediation Link v2.0", optV2, "0 (default) a MAC address, 1 a device id", remedyV2, remedyFieldsV2},
	{"v2.2", "Get Remediation Link v2.2", optV2, "0 (default) a MAC address, 1 a device id", remedyV2, remedyFieldsV2},
	{"v3", "Get Remediation Link v3.0", optV3, "0 (default) a device id or MAC address, 1 a third-party id", remedyV3, remedyFieldsV3},
}

var (
	remedyFieldsV2 = []door.Field{
		{Name: "remediation_link", Type: "string", About: "the address of the page, where there is one"},
		{Name: "result", Type: "int", About: "0 where there is none"},
		{Name: "msg", Type: "string", About: "Device has no issues: it is exempt or counts as compliant; Device not found: also for a device out of license"},
	}
	remedyFieldsV3 = []door.Field{
		{Name: "result", Type: "int", About: "1 with a link, 0 no such device in this account, -1 not supported: a device out of license"},
		{Name: "remediation_link", Type: "string", About: "the address of a page that needs no sign-in; empty unless result is 1"},
	}
)

func (a *api) remediationRoutes() []door.Route {
	routes := []door.Route{a.remediationPageRoute()}
	for _, v := range remediations {
		routes = append(routes, door.Route{
			Method: "GET", Path: at(v.segment, "devices/{value}/remediation"), Scope: reeve.Read, Rate: "remediation", Serve: a.linkRemedy(v),
			Page: &door.Page{
				Family: "Get Remediation Link", Version: v.segment[1:], Source: v.source,
				About: "Gives the address of a page that tells the user of a device how it stands and what to do.",
				Inputs: []door.Field{
					{Name: "value", In: "path", Type: "string", About: "the device, as opt says"},
					{Name: "opt", In: "query", Type: "int", About: v.optAbout},
				},
				Answer: v.fields,
				Notes:  []string{"Whoever has a link reads the page, and nobody can guess one. A link is good for as long as the device is in the account and the server keeps its keys."},
			},
		})
	}
	return routes
}

// A resultV2 is how v2 says what came of a request: 1 done, 0 not.
type resultV2 struct {
	Result int    `json:"result"`
	Msg    string `json:"msg"`
}

var noDeviceV2 = resultV2{0, "Device not found"}

func remedyV2(l lens, d reeve.Device, found bool) any {
	link := l.remediation(d)
	switch {
	case !found || link == "":
		return noDeviceV2
	case numbersV2[l.posture(d)] == numbersV2[compliant]:
		return resultV2{0, "Device has no issues"}
	}
	return struct {
		Link string `json:"remediation_link"`
	}{link}
}

func remedyV3(l lens, d reeve.Device, found bool) any {
	var out struct {
		Result int    `json:"result"`
		Link   string `json:"remediation_link"`
	}
	if found {
		out.Result, out.Link = 1, l.remediation(d)
		if out.Link == "" {
			out.Result = -1
		}
	}
	return out
}

// linkRemedy serves Get Remediation Link: what is not found is 200 as well.
func (a *api) linkRemedy(v remediation) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		by, err := v.opts.inQuery(r.URL.Query())
		if err != nil {
			return err
		}
		found, err := a.find(r.Context(), r.Caller.Account, by, []string{r.PathValue("value")})
		if err != nil {
			return err
		}
		return door.Write(w, http.StatusOK, v.answer(a.lens(r.Account), found[0], found[0].No != 0))
	}
}
