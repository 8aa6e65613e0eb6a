package views

import "strings"

// fill puts the installation's values into an example of the integration guide. People copy the examples, so they do
// not change.
func fill(example, baseURL, channelID string) string {
	return strings.NewReplacer("{base}", baseURL, "{channel}", channelID).Replace(strings.TrimSpace(example))
}

const kotlinSnippet = `
// build.gradle: implementation 'io.socket:socket.io-client:2.1.0'
// Mobile channel {channel}
val opts = IO.Options.builder()
    .setTransports(arrayOf("websocket"))
    .build()
val socket = IO.socket("{base}", opts)

socket.on(Socket.EVENT_CONNECT) {
    socket.emit("join_conversation", JSONObject().apply {
        put("conversation_id", conversationId)
        put("external_id", externalId)
    })
}

socket.on("message_received") { args ->
    val data = args[0] as JSONObject
    // render data.getString("content") in your UI
}

socket.connect()

// Send a message
socket.emit("send_message", JSONObject().apply {
    put("conversation_id", conversationId)
    put("content", userText)
    put("content_type", "text")
    put("sender_type", "end_user")
    put("external_id", externalId)
})`

const swiftSnippet = `
// Package.swift: .package(url: "https://github.com/socketio/socket.io-client-swift", ...)
// Mobile channel {channel}
let manager = SocketManager(
    socketURL: URL(string: "{base}")!,
    config: [.log(false), .compress]
)
let socket = manager.defaultSocket

socket.on(clientEvent: .connect) { _, _ in
    socket.emit("join_conversation", [
        "conversation_id": conversationId,
        "external_id": externalId
    ])
}

socket.on("message_received") { data, _ in
    guard let msg = data.first as? [String: Any] else { return }
    // render msg["content"] in your UI
}

socket.connect()

// Send a message
socket.emit("send_message", [
    "conversation_id": conversationId,
    "content": userText,
    "content_type": "text",
    "sender_type": "end_user",
    "external_id": externalId
])`

const dartSnippet = `
// pubspec.yaml: socket_io_client: ^2.0.0
// Mobile channel {channel}
import 'package:socket_io_client/socket_io_client.dart' as IO;

final socket = IO.io('{base}', <String, dynamic>{
  'transports': ['websocket'],
  'autoConnect': false,
});

socket.onConnect((_) {
  socket.emit('join_conversation', {
    'conversation_id': conversationId,
    'external_id': externalId,
  });
});

socket.on('message_received', (data) {
  // render data['content'] in your widget tree
});

socket.connect();

// Send a message
socket.emit('send_message', {
  'conversation_id': conversationId,
  'content': userText,
  'content_type': 'text',
  'sender_type': 'end_user',
  'external_id': externalId,
});`

const iframeSnippet = `
<!-- Example: inject with a server-rendered user ID -->
<script>
(function() {
  var iframe = document.createElement('iframe');
  iframe.src = '{base}/chat-widget'
    + '?embed_token={token}'
    + '&session_id=' + encodeURIComponent('user_' + USER_ID)
    + '&customer_name=' + encodeURIComponent(USER_DISPLAY_NAME)
    + '&title=Support+Chat';
  iframe.style.cssText = 'position:fixed;bottom:0;right:0;width:380px;height:560px;border:none;z-index:2147483647;border-radius:12px 12px 0 0;box-shadow:0 8px 32px rgba(0,0,0,0.18);';
  document.body.appendChild(iframe);
})();
</script>`

const headersSnippet = `
Base URL: {base}

# Agent REST calls — requires active browser session
GET /api/conversations/
Cookie: session=<session-cookie>
X-CSRFToken: <token from <meta name="csrf-token">>

# Widget public endpoints — no auth header needed
GET /chat-widget/history/<conversation_id>?external_id=<sid>`

const sendEndUserSnippet = `
// JavaScript — inside the widget iframe
socket.emit("send_message", {
  conversation_id: "3a2b1c...",
  content: "Hello, I need help",
  content_type: "text",
  sender_type: "end_user",
  external_id: "browser-session-abc123"
});`

const sendAgentSnippet = `
// JavaScript — inside the agent inbox page
socket.emit("send_message", {
  conversation_id: "3a2b1c...",
  content: "Hi! How can I help you today?",
  content_type: "text",
  sender_type: "agent"
  // external_id not needed — agent is identified by the session cookie
});`

const assignSnippet = `
# curl example
curl -X POST {base}/api/conversations/3a2b1c.../assign \
  -H "Cookie: session=..." \
  -H "X-CSRFToken: ..."`

const claimSnippet = `
socket.emit("claim_conversation", {
  conversation_id: "3a2b1c..."
});`

const connectSnippet = `
// Connect (browser)
const socket = io(window.location.origin);

// or with explicit URL and options
const socket = io("{base}", {
  transports: ["websocket"],
  withCredentials: true
});`
