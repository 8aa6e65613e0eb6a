package services

import (
	"encoding/json"
	"time"

	"parley/models"
)

// decision turns a batch of jobs into rows, one job after the other, while the conversations are locked. It does no
// I/O: it reads state, and updates it as it goes.
type decision struct {
	state    models.BatchState
	answers  *answerCache
	now      time.Time
	outcomes []outcome
	sessions []models.ConversationSession
	messages []models.Message
}

func newDecision(state models.BatchState, answers *answerCache, now time.Time, jobs int) *decision {
	return &decision{
		state:    state,
		answers:  answers,
		now:      now,
		outcomes: make([]outcome, 0, jobs),
		messages: make([]models.Message, 0, jobs),
	}
}

// add decides one job. A refused job changes neither rows nor state.
func (d *decision) add(j *job) {
	o := outcome{job: j}
	if repeat, ok := d.state.Repeats[j.clientKey()]; ok && j.clientID != "" {
		o.sent = Sent{Message: repeat, Duplicate: true}
	} else if o.err = d.check(j); o.err == nil {
		session := d.session(j.conversation)
		o.sent.Message = d.store(j, session)
		o.answer = d.answer(j, session)
	}
	d.outcomes = append(d.outcomes, o)
}

// check refuses a message that the conversation's current state does not allow. For an answer it replaces the sender's
// text by the label that was offered.
func (d *decision) check(j *job) error {
	if err := d.checkConversation(j); err != nil {
		return err
	}
	selected := j.body.Media.Selected
	if selected == nil {
		return nil
	}
	control, exists := d.state.Controls[selected.MessageID]
	if !exists || control.ConversationID != j.conversation.ID {
		return Refuse(Invalid, "The message you answer is not in this conversation.")
	}
	var media models.RichMedia
	if err := json.Unmarshal(control.RichMedia, &media); err != nil {
		return Refuse(Invalid, "The message you answer offers no choice.")
	}
	choice, offered := media.Offers(selected.Value)
	if !offered {
		return Refuse(Invalid, "The message you answer does not offer that value.")
	}
	if d.state.Answered[control.ID] {
		return Refuse(Conflict, "This question was already answered.")
	}
	j.body.Content = choice.Label
	j.body.Media.Selected = &models.Selected{
		MessageID: control.ID,
		Label:     choice.Label,
		Value:     choice.Value,
	}
	return nil
}

func (d *decision) checkConversation(j *job) error {
	_, exists := d.state.LastSeq[j.conversation.ID]
	_, open := d.state.Sessions[j.conversation.ID]
	switch {
	case !exists && !j.conversation.Unstored:
		return conversationNotFound()
	case !open && j.sender.Type == models.SenderAgent:
		return Refuse(Conflict, "This conversation is resolved. It reopens when the customer writes again.")
	case !exists && j.opensConversation(): // the end user has a conversation on this channel with another id
		return conversationNotFound()
	}
	return nil
}

// session returns the open session of a conversation. If there is none, it opens one: the message comes from the end
// user.
func (d *decision) session(ref Ref) models.ConversationSession {
	session, open := d.state.Sessions[ref.ID]
	if !open {
		session = models.ConversationSession{
			ID:             models.NewID(),
			OrganizationID: ref.OrganizationID,
			ConversationID: ref.ID,
			CreatedAt:      d.now,
		}
		d.state.Sessions[ref.ID] = session
		d.sessions = append(d.sessions, session)
	}
	return session
}

func (d *decision) store(j *job, session models.ConversationSession) models.Message {
	seq := d.state.LastSeq[j.conversation.ID] + 1
	d.state.LastSeq[j.conversation.ID] = seq
	message := models.Message{
		ID:             models.NewID(),
		OrganizationID: j.conversation.OrganizationID,
		ConversationID: j.conversation.ID,
		SessionID:      session.ID,
		Seq:            seq,
		SenderType:     j.sender.Type,
		SenderID:       j.sender.ID,
		ContentType:    j.body.ContentType,
		Content:        j.body.Content,
		RichMedia:      j.body.JSON(),
		CreatedAt:      d.now,
	}
	if j.clientID != "" {
		message.ClientID = &j.clientID
		d.state.Repeats[j.clientKey()] = message
	}
	if selected := j.body.Media.Selected; selected != nil {
		message.AnswersID = &selected.MessageID
		d.state.Answered[selected.MessageID] = true
	}
	d.messages = append(d.messages, message)
	return message
}

// answer stores and returns the bot's answer, unless an agent is assigned. The conversation is locked, so no answer can
// follow a claim.
func (d *decision) answer(j *job, session models.ConversationSession) *models.Message {
	bot, exists := d.state.Bots[j.conversation.BotID]
	if !exists || j.sender.Type != models.SenderEndUser || session.AssignedAgentID != nil {
		return nil
	}
	body, speaks := d.answers.of(bot).Answer(j.body)
	if !speaks {
		return nil
	}
	message := d.store(&job{
		conversation: j.conversation,
		sender:       Sender{Type: models.SenderBot, ID: bot.ID},
		body:         body,
	}, session)
	d.state.Controls[message.ID] = message
	return &message
}

func (d *decision) batchRows() models.BatchRows {
	rows := models.BatchRows{
		Sessions: d.sessions,
		Messages: d.messages,
		Touched:  make([]models.Touch, 0, len(d.messages)),
	}
	touched := make(map[string]bool, len(d.messages))
	for _, message := range d.messages {
		if !touched[message.ConversationID] {
			touched[message.ConversationID] = true
			rows.Touched = append(rows.Touched, models.Touch{
				ConversationID: message.ConversationID,
				LastSeq:        d.state.LastSeq[message.ConversationID],
				UpdatedAt:      d.now,
			})
		}
	}
	return rows
}
