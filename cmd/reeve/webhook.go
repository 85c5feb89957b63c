package main

import (
	"cmp"
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"reeve/client"
)

func webhookCommand() *cobra.Command {
	return family("webhook", "Where the account's device events are pushed", webhookShow(), webhookSet(), webhookRemove(), webhookTest())
}

var webhookFields = append([]column[client.Webhook]{
	{"URL", func(h client.Webhook) string { return h.URL }},
	{"ENABLED", func(h client.Webhook) string { return yesOrNo(h.Enabled) }},
	{"EVENTS", func(h client.Webhook) string { return strings.Join(h.Events, ", ") }},
	{"CREATED", func(h client.Webhook) string { return moment(h.Created) }},
}, flowFields(func(h client.Webhook) client.Flow { return h.Flow })...)

// flowFields tell how a webhook or an export fares.
func flowFields[T any](of func(T) client.Flow) []column[T] {
	return []column[T]{
		{"BEHIND", func(v T) string { return strconv.FormatInt(of(v).Behind, 10) }},
		{"LAST SUCCESS", func(v T) string { return moment(of(v).LastSuccess) }},
		{"LAST FAILURE", func(v T) string { return moment(of(v).LastFailure) }},
		{"WHY", func(v T) string { return of(v).LastError }},
	}
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func webhookShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show", Short: "Show the webhook and how it fares", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		hook, err := c.Webhook(ctx)
		if err != nil {
			return err
		}
		return one(o, hook, webhookFields)
	})
}

func webhookSet() *cobra.Command {
	var spec client.WebhookSpec
	cmd := &cobra.Command{Use: "set --callback URL --events EVENTS", Short: "Create the webhook, or change it as a whole", Args: exactly()}
	flags := cmd.Flags()
	flags.StringVar(&spec.URL, "callback", "", "URL that gets a POST for each device event")
	flags.StringSliceVar(&spec.Events, "events", nil, "what is sent: installed, deleted, compliant, non_compliant, threat_found")
	keyFile := flags.String("api-key-file", "", "file with the API key; without it the present key stays")
	caFile := flags.String("trust-file", "", "file with PEM certificates to trust besides the system's")
	enabled := flags.Bool("enabled", true, "false keeps the webhook without using it")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		spec.Enabled = enabled
		if err := cmp.Or(readFile(*keyFile, &spec.APIKey), readFile(*caFile, &spec.CA)); err != nil {
			return err
		}
		hook, err := c.SetWebhook(ctx, spec)
		if err != nil {
			return err
		}
		return one(o, hook, webhookFields)
	})
}

// readFile reads what is too long or too secret for a command line; no file sets
// nothing.
func readFile(file string, into **string) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return usagef("cannot read a file: %v", err)
	}
	value := strings.TrimSpace(string(text))
	*into = &value
	return nil
}

func webhookRemove() *cobra.Command {
	cmd := &cobra.Command{Use: "remove", Short: "End the webhook", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, _ output, _ []string) error { return c.RemoveWebhook(ctx) })
}

var replyFields = []column[client.Reply]{
	{"RECEIVED", func(r client.Reply) string { return yesOrNo(r.Received) }},
	{"STATUS", func(r client.Reply) string { return strconv.Itoa(r.Status) }},
	{"ANSWER", func(r client.Reply) string { return r.Body }},
	{"WHY", func(r client.Reply) string { return r.Failure }},
	{"MILLISECONDS", func(r client.Reply) string { return strconv.FormatInt(r.Millis, 10) }},
}

func webhookTest() *cobra.Command {
	cmd := &cobra.Command{Use: "test", Short: "Send one sample and show what the receiver says", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		reply, err := c.TestWebhook(ctx)
		if err != nil {
			return err
		}
		if err := one(o, reply, replyFields); err != nil || reply.Received {
			return err
		}
		return &exit{exitFailed, "the receiver did not take the sample: " + reply.Failure}
	})
}
