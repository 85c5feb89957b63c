package host

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"reeve"
)

// dialogPatience is how long dialogs stay open before the person counts as one
// who does not want to answer now.
const dialogPatience = time.Hour

// A sheet is what dialogs ask in one go. A program of the system gets it as data.
type sheet struct {
	Title     string          `json:"title"`
	Intro     string          `json:"intro"`
	Questions []sheetQuestion `json:"questions"`
}

type sheetQuestion struct {
	Label    string   `json:"label"`
	Required bool     `json:"required"`
	Choices  []string `json:"choices,omitempty"`
	Answer   string   `json:"answer,omitempty"` // what was answered before
	Fault    string   `json:"fault,omitempty"`  // and what is wrong with it
}

// A sheetReply has an answer for each question of a sheet.
type sheetReply struct {
	Answers []string `json:"answers"`
	Later   bool     `json:"later"`
}

// byDialogs puts the fields to a person, and those again that were not answered
// as they should be. show shows a sheet, as JSON, and returns the reply as JSON.
func byDialogs(ctx context.Context, fields []reeve.IdentityField, show func(context.Context, []byte) ([]byte, error)) (map[string]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, dialogPatience, errLater)
	defer cancel()
	answers, faults := map[string]string{}, map[string]string{}
	for open := fields; len(open) > 0; {
		s := sheet{Title: "Who uses this device?", Intro: "Your administrator asks who uses this device."}
		for _, f := range open {
			s.Questions = append(s.Questions, sheetQuestion{Label: f.Label, Required: f.Required, Choices: f.Choices, Answer: answers[f.Name], Fault: faults[f.Name]})
		}
		reply, err := showSheet(ctx, s, show)
		if err != nil {
			return nil, err
		}
		var wrong []reeve.IdentityField
		for i, f := range open {
			answers[f.Name] = strings.TrimSpace(reply.Answers[i])
			if err := f.Check(answers[f.Name]); err != nil {
				faults[f.Name] = reeve.Message(err)
				wrong = append(wrong, f)
			}
		}
		open = wrong
	}
	return answers, nil
}

func showSheet(ctx context.Context, s sheet, show func(context.Context, []byte) ([]byte, error)) (sheetReply, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return sheetReply{}, err
	}
	said, err := show(ctx, text)
	switch {
	case ctx.Err() != nil:
		return sheetReply{}, context.Cause(ctx)
	case err != nil:
		return sheetReply{}, err
	}
	var reply sheetReply
	if err := json.Unmarshal(said, &reply); err != nil {
		return sheetReply{}, fmt.Errorf("the dialogs said nothing that can be read: %w", err)
	}
	if reply.Later {
		return sheetReply{}, errLater
	}
	if len(reply.Answers) != len(s.Questions) {
		return sheetReply{}, fmt.Errorf("the dialogs gave %d answers to %d questions", len(reply.Answers), len(s.Questions))
	}
	return reply, nil
}

// consoleUser tells who sits at a Mac by the owner of /dev/console: the user id,
// or nobody while the login window or the system's first setup is shown, whose
// users are not people.
func consoleUser(owner uint32) (uid uint32, somebody bool) {
	const firstPerson = 500 // below are the system's own
	return owner, owner >= firstPerson
}

// dialogCommand is the command line that shows dialogs on the screen of a user:
// the agent's own user, or another if it is root.
func dialogCommand(own, uid uint32, script string) ([]string, error) {
	ask := []string{"/usr/bin/osascript", "-l", "JavaScript", "-e", script}
	switch own {
	case uid:
		return ask, nil
	case 0:
		// launchctl leads into the user's session but stays root, which sudo ends.
		user := fmt.Sprint(uid)
		return append([]string{"/bin/launchctl", "asuser", user, "/usr/bin/sudo", "-n", "-u", "#" + user, "--"}, ask...), nil
	}
	return nil, fmt.Errorf("only root may ask other users, and the agent runs as user %d", own)
}
