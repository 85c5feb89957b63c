package cmapi

import "reeve/internal/door"

const (
	noSaaS  = "Reeve does not watch access to cloud applications"
	noVulns = "Reeve's agents report no installed software and Reeve has no catalogue of vulnerabilities; an empty list would read as none found"
	noApps  = "Reeve's agents report no installed software"
	noDrive = "MetaDefender Drive does not report to Reeve; its path is not published"
	noPages = "apps are registered with reeve apps create or POST /api/v1/apps"
	noPort  = "it is answered by the vendor's agent on the endpoint, not by a server; Reeve's agent opens no port"
)

// NotOffered is the rest of the published API: what has a path answers there
// with 404 and the reason. The paths of v3.1 and v3.2 are by analogy.
//
// Source: the index of the OAuth API manual.
var NotOffered = []door.Absence{
	{Family: "Get Access Activities", Version: "3.0", Method: "POST", Path: at("v3", "activities"), Why: noSaaS},
	{Family: "Get Vulnerabilities", Version: "3.0", Method: "POST", Path: at("v3", "cves"), Why: noVulns},
	{Family: "Get Vulnerabilities", Version: "3.1", Method: "POST", Path: at("v3.1", "cves"), Why: noVulns},
	{Family: "Get Vulnerabilities", Version: "3.2", Method: "POST", Path: at("v3.2", "cves"), Why: noVulns},
	{Family: "Get Vulnerabilities of a Device", Version: "3.0", Method: "POST", Path: at("v3", "get_cves"), Why: noVulns},
	{Family: "Get Vulnerabilities of a Device", Version: "3.2", Method: "POST", Path: at("v3.2", "get_cves"), Why: noVulns},
	{Family: "Get Applications", Version: "3.0", Method: "POST", Path: at("v3", "apps"), Why: noApps},
	{Family: "Application Details", Version: "3.0", Method: "POST", Path: at("v3", "apps/details"), Why: noApps},
	{Family: "Get MetaDefender Drive Reports", Version: "1.0", Method: "POST", Why: noDrive},
	{Family: "Get MetaDefender Drive Report Details", Version: "1.0", Method: "POST", Why: noDrive},
	{Family: "MetaDefender Core and ICAP user management", Method: "POST", Path: "/fusion/console/services/connection/{CONNECTION_ID}",
		Why: "it is a proxy to other products of the vendor, which do not enrol with Reeve"},
	{Family: "Cross-domain API", Method: "GET", Path: "/opswat/devinfo", Why: noPort},
	{Family: "Cross-domain API", Version: "3", Method: "GET", Path: "/opswat/3/devinfo", Why: noPort},
	{Family: "App registration page", Method: "GET", Path: "/o/app", Why: noPages},
	{Family: "App registration page", Method: "GET", Path: "/o/app/register", Why: noPages},
	{Family: "Universal Link", Why: "it opens the vendor's mobile app, which does not enrol with Reeve"},
}
