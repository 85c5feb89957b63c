package reference

// besides is what of the manual is no request to the server.
const besides = `
## Besides requests

| What | Offered |
|---|---|
| Webhook | see [moving a client](moving.md#receivers-of-webhooks) |
| Community agent's protocol | see [moving a client](moving.md#community-agents) |
| Registration of applications in the console | ` + "`reeve apps`" + ` and the routes of [apps](reference/README.md) |
`
