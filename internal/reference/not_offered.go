package reference

// An absence is a published endpoint that Reeve has no route for.
type absence struct {
	Family, Version string
	Request         string // method and path, as far as they are published
	Why             string
}

const (
	noSaaS  = "Reeve does not watch access to cloud applications"
	noVulns = "Reeve's agents report no installed software and Reeve has no catalogue of vulnerabilities; an empty list would read as none found"
	noApps  = "Reeve's agents report no installed software"
	noDrive = "MetaDefender Drive does not report to Reeve; its path is not published"
)

// notOffered is the rest of the published API. The index of its manual is kept
// in a test, which finds what is neither here nor in the tables of routes.
var notOffered = []absence{
	{"Get Access Activities", "3.0", "POST /o/api/v3/activities", noSaaS},
	{"Get Vulnerabilities", "3.0", "POST /o/api/v3/cves", noVulns},
	{"Get Vulnerabilities", "3.1", "POST /o/api/v3.1/cves", noVulns},
	{"Get Vulnerabilities", "3.2", "POST /o/api/v3.2/cves", noVulns},
	{"Get Vulnerabilities of a Device", "3.0", "POST /o/api/v3/get_cves", noVulns},
	{"Get Vulnerabilities of a Device", "3.2", "POST /o/api/v3.2/get_cves", noVulns},
	{"Get Applications", "3.0", "POST /o/api/v3/apps", noApps},
	{"Application Details", "3.0", "POST /o/api/v3/apps/details", noApps},
	{"Get MetaDefender Drive Reports", "1.0", "POST", noDrive},
	{"Get MetaDefender Drive Report Details", "1.0", "POST", noDrive},
	{"MetaDefender Core and ICAP user management", "", "POST /fusion/console/services/connection/{CONNECTION_ID}", "it is a proxy to other products of the vendor, which do not enrol with Reeve"},
	{"Cross-domain API", "", "GET /opswat/devinfo", "it is answered by the vendor's agent on the endpoint, not by a server; Reeve's agent opens no port"},
	{"Cross-domain API", "3", "GET /opswat/3/devinfo", "likewise"},
	{"Universal Link", "", "none", "it opens the vendor's mobile app, which does not enrol with Reeve"},
}

// besides is what of the manual is no request to the server.
const besides = `
## Besides requests

| What | Offered |
|---|---|
| Webhook | see [moving a client](moving.md#receivers-of-webhooks) |
| Community agent's protocol | see [moving a client](moving.md#community-agents) |
| Registration of applications in the console | ` + "`reeve apps`" + ` and the routes of [apps](reference/README.md) |
`
