// Package chat contains the code that the peers on the Go library share: the conversations that may be joined, and
// Parley's handling of memory, so that only the Socket.IO server differs between them and Parley.
package chat

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
)

// Conversations knows which external id each conversation belongs to. Nothing is stored.
type Conversations struct {
	mu       sync.RWMutex
	external map[string]string
}

type made struct {
	ID         string `json:"conversation_id"`
	ExternalID string `json:"external_id"`
}

const mostAtOnce = 100_000

// ServeHTTP answers POST /provision?n=500: it creates n conversations and answers with their ids.
func (c *Conversations) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if r.Method != http.MethodPost || err != nil || n < 1 || n > mostAtOnce {
		http.Error(w, "POST /provision?n=1 creates a conversation.", http.StatusBadRequest)
		return
	}
	list := make([]made, n)
	c.mu.Lock()
	if c.external == nil {
		c.external = map[string]string{}
	}
	for i := range list {
		list[i] = made{ID: "c-" + rand.Text(), ExternalID: "bench-" + rand.Text()}
		c.external[list[i].ID] = list[i].ExternalID
	}
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(list)
}

// Known reports whether the conversation exists and belongs to the external id.
func (c *Conversations) Known(id, externalID string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	external, found := c.external[id]
	return found && external == externalID
}

// Serve serves /provision, and realtime under /socket.io/, on PORT of loopback until it fails.
func Serve(conversations *Conversations, realtime http.Handler) error {
	go tuneMemory()
	routes := http.NewServeMux()
	routes.Handle("/provision", conversations)
	routes.Handle("/socket.io/", realtime)
	port := os.Getenv("PORT")
	fmt.Println("peer on port", port)
	return http.ListenAndServe("127.0.0.1:"+port, routes)
}
