// Package realtime handles Parley's Socket.IO events and publishes them. handlers/socketio transports packets; this
// package gives them their meaning.
//
// A socket proves who sends: with a web session that it is an agent, with the external_id of a conversation that it is
// its end user. The sender_type of a payload only chooses between the two.
package realtime

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"parley/handlers/socketio"
	"parley/services"
)

// endedSweep is how often a node looks for logins that have ended and closes their sockets. This covers notifications
// that were lost between nodes, for example while Redis was down. Sockets must close within 5 s of the end of a login.
const endedSweep = 3 * time.Second

// Server connects the namespace to the services.
type Server struct {
	io            *socketio.Namespace
	webSessions   *services.WebSessions
	conversations *services.Conversations
	messages      *services.Messages
	presence      *services.Presence
	visits        *services.Visits
	widget        *services.Widget
	typing        *typing
	limitEndUsers bool
	maxOfAddress  int // see maxOfAddress
	maxOfUser     int
	unwritten     *unwritten
	rhythm        rhythm
	returned      chan struct{} // see Namespace.OnReturn

	mu         sync.Mutex
	agents     map[*socketio.Socket]*services.Identity
	tokenRooms map[string]int // how many sockets of this node are in each room of an embed token
	remembered map[string]int // how many conversations the sockets of each holder have joined or proven
}

// New registers Parley's events on io. Run must run at the same time. limitEndUsers is false in load tests only: then
// end users' events have no limit.
func New(io *socketio.Namespace, s *services.Services, limitEndUsers bool) *Server {
	server := &Server{
		io:            io,
		webSessions:   s.WebSessions,
		conversations: s.Conversations,
		messages:      s.Messages,
		presence:      s.Presence,
		visits:        s.Visits,
		widget:        s.Widget,
		limitEndUsers: limitEndUsers,
		maxOfAddress:  maxOfAddress,
		maxOfUser:     maxOfUser,
		unwritten:     newUnwritten(maxUnwritten),
		rhythm:        defaultRhythm,
		returned:      make(chan struct{}, 1),
		typing:        newTyping(io),
		agents:        map[*socketio.Socket]*services.Identity{},
		tokenRooms:    map[string]int{},
		remembered:    map[string]int{},
	}
	io.Use(server.identify)
	io.OnConnection(server.connected)
	io.OnDisconnect(server.disconnected)
	io.OnAny(server.dispatch)
	io.OnRefuse(server.refuse)
	io.OnReturn(server.nodesReturned)
	return server
}

// Run does what no event causes, until ctx ends: it expires typing, closes the sockets of ended logins and revoked
// embed tokens, and keeps clients in step. They do not wait for each other, because the database may not answer.
func (s *Server) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { every(ctx, typingLook, s.typing.expire) })
	running.Go(func() { every(ctx, s.rhythm.sweep, func(time.Time) { s.closeEnded(ctx) }) })
	running.Go(func() { every(ctx, s.rhythm.sweep, func(time.Time) { s.closeRevoked(ctx) }) })
	running.Go(func() { s.keepInStep(ctx) })
	running.Wait()
}

// every calls do at an interval until ctx ends.
func every(ctx context.Context, interval time.Duration, do func(now time.Time)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			do(now)
		}
	}
}

// identify is the middleware that finds the agent of a socket by its web session. The widget says in its auth that its
// socket belongs to an end user, because an agent may be logged in with the same browser. The inbox says whose page it
// is: someone else may have logged in since, and must not send what waits in it.
func (s *Server) identify(socket *socketio.Socket) error {
	request, _ := socket.Request().(Request)
	client := &client{socket: socket, address: request.Address}
	socket.SetData(client)
	var auth struct {
		Role   string `json:"role"`
		UserID string `json:"user_id"`
	}
	if raw := socket.Auth(); len(raw) > 0 && json.Unmarshal(raw, &auth) != nil {
		auth.Role, auth.UserID = "", "" // clients may send any JSON as auth
	}
	if request.WebSessionToken == "" || auth.Role == "end_user" {
		return nil
	}
	identity, err := s.identity(request.WebSessionToken)
	if err != nil && services.KindOf(err) != services.Unauthorized {
		return connectError(err)
	}
	if identity != nil && (auth.UserID == "" || auth.UserID == identity.User.ID) {
		client.agent = identity
	}
	return nil
}

func (s *Server) identity(token string) (*services.Identity, error) {
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	identity, err := s.webSessions.Identify(ctx, token)
	if err != nil {
		services.LogFailure("identify socket", err)
		return nil, err
	}
	return &identity, nil
}

func (s *Server) connected(socket *socketio.Socket) {
	client := clientOf(socket)
	if client.agent == nil {
		return
	}
	for _, room := range []string{webSessionRoom(client.agent.WebSessionID), userRoom(client.agent.User.ID)} {
		if err := socket.Join(room); err != nil {
			slog.Warn("join the room that ends logins", "error", err)
		}
	}
	// Check again: a logout after the first check did not reach the socket, because it was not in the rooms yet.
	_, err := s.identity(socket.Request().(Request).WebSessionToken)
	client.note(err)
	if services.KindOf(err) == services.Unauthorized {
		socket.Disconnect(true)
		return
	}
	s.mu.Lock()
	s.agents[socket] = client.agent
	s.mu.Unlock()
	s.presence.Connected(client.agent.User.OrganizationID, client.agent.User.ID)
	if !socket.Connected() {
		s.forget(socket)
	}
}

func (s *Server) disconnected(socket *socketio.Socket, _ string) {
	client := clientOf(socket)
	s.discount(client, len(client.proven)+len(client.joined))
	s.typing.left(socket)
	for conversationID := range client.viewing {
		client.stopViewing(conversationID)
	}
	for room := range client.tokenRooms {
		s.forgetTokenRoom(room)
	}
	s.forget(socket)
}

// forget removes an agent's socket from presence, once.
func (s *Server) forget(socket *socketio.Socket) {
	s.mu.Lock()
	agent, counted := s.agents[socket]
	delete(s.agents, socket)
	s.mu.Unlock()
	if counted {
		s.presence.Disconnected(agent.User.OrganizationID, agent.User.ID)
	}
}

// closeEnded closes this node's sockets of logins that have ended.
func (s *Server) closeEnded(ctx context.Context) {
	sockets := map[string][]*socketio.Socket{} // by web session
	s.mu.Lock()
	for socket, agent := range s.agents {
		sockets[agent.WebSessionID] = append(sockets[agent.WebSessionID], socket)
	}
	s.mu.Unlock()
	if len(sockets) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, endedSweep)
	defer cancel()
	ended, err := s.webSessions.Ended(ctx, slices.Collect(maps.Keys(sockets)))
	if err != nil {
		services.LogFailure("look for ended logins", err)
		return
	}
	for _, webSessionID := range ended {
		for _, socket := range sockets[webSessionID] {
			socket.Disconnect(false)
		}
	}
}

func userRoom(userID string) string             { return "user:" + userID }
func webSessionRoom(webSessionID string) string { return "web_session:" + webSessionID }
