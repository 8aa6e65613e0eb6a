package realtime

import (
	"context"
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"parley/handlers/protocol"
	"parley/models"
	"parley/services"
)

// visit notes where an end user is. The browser's name comes from the handshake.
func visit(ctx context.Context, s *Server, c *client, p protocol.Visit) (protocol.Ack, error) {
	if err := validConversation(p.ConversationID); err != nil {
		return protocol.Ack{}, err
	}
	proof, err := s.endUser(ctx, c, p.ConversationID, p.ExternalID)
	if err != nil {
		return protocol.Ack{}, err
	}
	request, _ := c.socket.Request().(Request)
	visit := services.CleanVisit(models.Visit{
		PageURL:   p.PageURL,
		PageTitle: p.PageTitle,
		UserAgent: request.UserAgent,
		TimeZone:  p.TimeZone,
		Language:  p.Language,
	})
	if err := s.lookForRow(ctx, proof); err != nil {
		return protocol.Ack{}, err
	}
	if !proof.keep(visit, s.unwritten) {
		s.unwritten.take(p.ConversationID) // it is older, and another node has stored the conversation
		s.visits.Note(proof.current(), visit)
	}
	return protocol.Ack{}, nil
}

// lookForRow notes it in proof if another socket has stored the conversation.
func (s *Server) lookForRow(ctx context.Context, proof *proof) error {
	ref := proof.current()
	if !ref.Unstored {
		return nil
	}
	_, err := s.conversations.ForAgent(ctx, ref.OrganizationID, ref.ID)
	if err == nil {
		proof.stored()
	} else if services.KindOf(err) == services.NotFound {
		err = nil
	}
	return err
}

// maxUnwritten is how many bytes the visits of conversations may take that nobody has written in: those of some 20,000
// usual ones, or of 800 with addresses as long as can be.
const maxUnwritten = 8 << 20

// unwritten keeps the latest visit of each conversation until its first message. Those that were kept for longest make
// room.
type unwritten struct {
	mu     sync.Mutex
	most   int // bytes
	bytes  int
	visits *simplelru.LRU[string, models.Visit]
}

func newUnwritten(most int) *unwritten {
	u := &unwritten{most: most}
	visits, err := simplelru.NewLRU(math.MaxInt, func(_ string, dropped models.Visit) { u.bytes -= sizeOf(dropped) })
	if err != nil {
		panic(err) // only for a size below 1
	}
	u.visits = visits
	return u
}

func (u *unwritten) keep(conversationID string, visit models.Visit) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.visits.Remove(conversationID)
	u.visits.Add(conversationID, visit)
	for u.bytes += sizeOf(visit); u.bytes > u.most; {
		u.visits.RemoveOldest()
	}
}

// take returns the visit of a conversation, and keeps it no longer.
func (u *unwritten) take(conversationID string) (visit models.Visit, kept bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	visit, kept = u.visits.Peek(conversationID)
	u.visits.Remove(conversationID)
	return visit, kept
}

// sizeOf is about how many bytes a visit takes up, with its place in the list.
func sizeOf(visit models.Visit) int {
	return 400 + len(visit.PageURL) + len(visit.PageTitle) + len(visit.UserAgent) + len(visit.TimeZone) +
		len(visit.Language)
}
