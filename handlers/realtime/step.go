package realtime

import (
	"context"
	"hash/maphash"
	"log/slog"
	"time"

	"parley/handlers/protocol"
	"parley/services"
)

// rhythm is how often the clients of this node hear what they may have missed: an event gets lost when a node or
// Redis fails. A client is in step again within compare + settle of a lost message, and within announce of anything.
type rhythm struct {
	compare  time.Duration // between two comparisons of what was delivered with what is stored
	settle   time.Duration // how long a message may be on its way before it counts as lost
	announce int           // a room hears after this many comparisons, whether or not anything was lost
	sweep    time.Duration // between two looks for ended logins and revoked tokens
}

var defaultRhythm = rhythm{
	compare:  3 * time.Second,
	settle:   500 * time.Millisecond,
	announce: 10,
	sweep:    endedSweep,
}

// keepInStep notifies the rooms of this node of what their clients may have missed, until ctx ends.
func (s *Server) keepInStep(ctx context.Context) {
	tick := time.NewTicker(s.rhythm.compare)
	defer tick.Stop()
	seed := maphash.MakeSeed()
	all := false       // until a step has notified all rooms
	var told time.Time // when one has
	for turn := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-s.returned:
			all = true
			if time.Since(told) < s.rhythm.compare { // Redis comes and goes: the next tick is soon enough
				continue
			}
		case <-tick.C:
		}
		// Each turn announces other rooms, so that the work is spread evenly.
		due := func(room string) bool {
			return all || maphash.String(seed, room)%uint64(s.rhythm.announce) == uint64(turn)
		}
		if err := s.step(ctx, due, all); err == nil {
			if all {
				told = time.Now()
			}
			turn, all = (turn+1)%s.rhythm.announce, false
		} else if ctx.Err() == nil {
			services.LogFailure("look for lost events", err)
		}
	}
}

// nodesReturned makes keepInStep notify all rooms: broadcasts may have been lost in any of them.
func (s *Server) nodesReturned() {
	select {
	case s.returned <- struct{}{}:
	default:
	}
}

// step announces the rooms that due names, and the conversations that have messages this node should have delivered.
// lost says whether other events may be lost.
func (s *Server) step(ctx context.Context, due func(room string) bool, lost bool) error {
	delivered := s.delivered()
	bounded, cancel := context.WithTimeout(ctx, s.rhythm.compare)
	defer cancel()
	ahead, err := s.conversations.Ahead(bounded, delivered)
	if err != nil {
		return err
	}
	s.announce(delivered, due, lost)
	settled := time.NewTimer(s.rhythm.settle)
	defer settled.Stop()
	select {
	case <-ctx.Done():
	case <-settled.C:
		s.announceLost(ahead)
	}
	return nil
}

// delivered returns what each conversation with members on this node has delivered.
func (s *Server) delivered() map[string]int64 {
	delivered := map[string]int64{}
	for _, room := range s.io.Rooms() {
		if id, ok := protocol.ConversationOf(room); ok {
			if seq, known := s.io.Delivered(room); known {
				delivered[id] = int64(seq)
			}
		}
	}
	return delivered
}

// announce sends the rooms that due names the last seq, or asks them to look again.
func (s *Server) announce(delivered map[string]int64, due func(room string) bool, lost bool) {
	for id, seq := range delivered {
		if due(protocol.ConversationRoom(id)) {
			s.announceLastSeq(id, seq)
		}
	}
	for _, room := range s.io.Rooms() {
		// End users are many and would all join again, so they do it only for a reason.
		if shown, agents := protocol.ShownRoom(room); shown != "" && due(room) && (agents || lost) {
			err := s.io.To(room).Local().Emit(protocol.LookAgainEvent, protocol.LookAgain{Room: shown})
			logUnsent(protocol.LookAgainEvent, err)
		}
	}
}

// announceLost announces the conversations whose stored messages have not come, and asks the queues of every node to
// look again: what the queue should have heard of these messages was lost with them.
func (s *Server) announceLost(stored map[string]services.Stored) {
	organizations := map[string]bool{}
	for id, conversation := range stored {
		has, known := s.io.Delivered(protocol.ConversationRoom(id))
		if known && int64(has) < conversation.LastSeq {
			s.announceLastSeq(id, conversation.LastSeq)
			organizations[conversation.OrganizationID] = true
		}
	}
	for id := range organizations {
		logUnsent(protocol.LookAgainEvent, s.io.To(protocol.QueueRoom(id)).
			Emit(protocol.LookAgainEvent, protocol.LookAgain{Room: protocol.QueueShown}))
	}
}

func (s *Server) announceLastSeq(conversationID string, seq int64) {
	err := s.io.To(protocol.ConversationRoom(conversationID)).Local().After(uint64(seq)).
		Emit(protocol.LastSeqEvent, protocol.LastSeq{ConversationID: conversationID, LastSeq: seq})
	logUnsent(protocol.LastSeqEvent, err)
}

func logUnsent(event string, err error) {
	if err != nil {
		slog.Warn("publish", "event", event, "error", err)
	}
}
