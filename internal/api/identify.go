package api

import (
	"net/http"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

// identifications lists when and how a device's user said who it is.
func (a *api) identifications(w http.ResponseWriter, r *door.Request) error {
	var before int64
	device, limit, err := a.pageOfDevice(r, "identifications", &before)
	if err != nil {
		return err
	}
	found, err := a.Store.Identifications(r.Context(), r.Caller.Account, device.No, reeve.JobID(before), limit+1)
	if err != nil {
		return err
	}
	return page(w, found, limit, shapeIdentification, func(last reeve.Identification) string {
		return door.Cursor("identifications", r.Caller.Account, int64(last.Command.Job))
	})
}

func shapeIdentification(i reeve.Identification) client.Identification {
	out := client.Identification{At: i.At, Command: i.Command.String(), Door: string(i.Door), User: i.User, Address: i.Address, Answers: i.Answers}
	if out.Answers == nil {
		out.Answers = map[string]string{}
	}
	return out
}
