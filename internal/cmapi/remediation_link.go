package cmapi

// remediationLink is the address of the page that tells about a device.
func (a *api) remediationLink(license, device string) string {
	return a.Public + "/remediation/" + license + "/" + device + "/" + a.Mark(license, device) + "/remediation.html"
}
