package main

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// A conversation is what an end user's app must know to join it.
type conversation struct {
	ID         string `json:"conversation_id"`
	ExternalID string `json:"external_id"`
}

const openers = 16 // pages opened at once

var (
	web = &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: openers},
	}

	conversationAttribute = regexp.MustCompile(`data-conversation-id="([^"]+)"`)
	externalAttribute     = regexp.MustCompile(`data-external-id="([^"]+)"`)
)

// openConversations creates count conversations, through the chat page or the peer's /provision.
func openConversations(set settings, count int) ([]conversation, error) {
	if set.peer {
		return provision(set.node(0), count)
	}
	made := make([]conversation, count)
	name := "load-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	err := parallel(count, openers, func(i int) (err error) {
		made[i], err = openWidget(set.node(i), set.token, fmt.Sprintf("%s-%d", name, i))
		return err
	})
	return made, err
}

// openWidget opens the chat page as the loader's iframe does.
func openWidget(base, token, externalID string) (conversation, error) {
	query := url.Values{"embed_token": {token}, "session_id": {externalID}}
	page, err := get(base + "/chat-widget?" + query.Encode())
	if err != nil {
		return conversation{}, err
	}
	id, external := conversationAttribute.FindSubmatch(page), externalAttribute.FindSubmatch(page)
	if id == nil || external == nil {
		return conversation{}, fmt.Errorf("the chat page names no conversation")
	}
	return conversation{html.UnescapeString(string(id[1])), html.UnescapeString(string(external[1]))}, nil
}

func provision(base string, count int) ([]conversation, error) {
	response, err := web.Post(fmt.Sprintf("%s/provision?n=%d", base, count), "", nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var made []conversation
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil {
		return nil, fmt.Errorf("provision: HTTP %d: %w", response.StatusCode, err)
	}
	if len(made) != count {
		return nil, fmt.Errorf("provision: %d conversations, want %d", len(made), count)
	}
	return made, nil
}

// get returns the body of a page. Any status but 200 is an error.
func get(address string) ([]byte, error) {
	response, err := web.Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: HTTP %d: %.200s", address, response.StatusCode, body)
	}
	return body, err
}
