package handlers

import (
	"encoding/json"
	"errors"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
	"parley/views"
)

// messageForm sends a message without a socket: text from a page without JavaScript, and rich messages from any page.
func (a *App) messageForm(c *fiber.Ctx) error {
	if kind := c.FormValue("content_type"); kind != "" && kind != models.TypeText {
		return a.richMessageForm(c)
	}
	err := a.send(c, services.Draft{
		Content:  c.FormValue("content"),
		ClientID: c.FormValue("client_id"),
	})
	if err != nil {
		return a.showThreadError(c, err, func(thread *views.Thread, _ *services.Error) {
			thread.Draft = c.FormValue("content")
		})
	}
	return a.changed(c, nil)
}

// richMessageForm sends the rich message in the editor. If it is refused, the editor shows it again with the error
// beside the field.
func (a *App) richMessageForm(c *fiber.Ctx) error {
	form := withoutEmptyRows(readRichForm(c))
	document, err := json.Marshal(richMedia(form))
	if err != nil {
		return err
	}
	err = a.send(c, services.Draft{
		ContentType: form.Type,
		Content:     form.Content,
		RichMedia:   document,
	})
	if err == nil && isPart(c) {
		return render(c, fiber.StatusOK, noEditor, nil)
	}
	if err == nil {
		return a.changed(c, nil)
	}
	var refusal *services.Error
	if !errors.As(err, &refusal) || refusal.Kind == services.NotFound {
		return err
	}
	form = withError(form, refusal)
	if !isPart(c) {
		return a.showThreadError(c, err, func(thread *views.Thread, _ *services.Error) { thread.Editor = &form })
	}
	thread, err := a.thread(c, false)
	if err != nil {
		return err
	}
	_, status := refusalOf(c, refusal)
	c.Set("HX-Retarget", "#rich-media") // else htmx would show it as a notice
	c.Set("HX-Reselect", "#rich-media-form")
	c.Set("HX-Reswap", "innerMorph")
	return render(c, status, views.RichMediaPart(thread, form), nil)
}

func (a *App) send(c *fiber.Ctx, draft services.Draft) error {
	user := identityOf(c).User
	ref, err := a.Conversations.ForAgent(c.UserContext(), user.OrganizationID, c.Params("id"))
	if err != nil {
		return err
	}
	draft.Conversation, draft.Sender = ref, services.Sender{Type: models.SenderAgent, ID: user.ID}
	_, err = a.Messages.SendAndWait(c.UserContext(), draft)
	return err
}

// noEditor removes the editor from the page.
var noEditor = templ.NopComponent

// composePage opens the editor for the type of message in the query, or closes it if there is none.
func (a *App) composePage(c *fiber.Ctx) error {
	form, known := newRichForm(c.Query("type"))
	if !known && isPart(c) {
		return render(c, fiber.StatusOK, noEditor, nil)
	}
	thread, err := a.thread(c, !isPart(c))
	if err != nil {
		return err
	}
	if !known {
		return a.showInbox(c, fiber.StatusOK, &thread, nil)
	}
	return a.showEditor(c, thread, form)
}

// previewForm renders the message in the editor as a preview. If the form changes rows or the type, it renders the
// editor again.
func (a *App) previewForm(c *fiber.Ctx) error {
	form := applyEdit(readRichForm(c), c.FormValue("edit"))
	if isPart(c) && c.FormValue("edit") == "" {
		return render(c, fiber.StatusOK, views.PreviewPart(form.Preview), nil)
	}
	thread, err := a.thread(c, !isPart(c))
	if err != nil {
		return err
	}
	return a.showEditor(c, thread, form)
}

func (a *App) showEditor(c *fiber.Ctx, thread views.Thread, form views.RichForm) error {
	if isPart(c) {
		return render(c, fiber.StatusOK, views.RichMediaPart(thread, form), nil)
	}
	thread.Editor = &form
	return a.showInbox(c, fiber.StatusOK, &thread, nil)
}
