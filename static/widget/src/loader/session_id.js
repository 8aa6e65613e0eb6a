// A session_id from a template that was not filled in is the same for everybody: strangers would share a conversation.
// The server has these rules and more. Refused are ${id} {{id}} {user_id} {0}, but no GUID; <%= id %>; [object Object];
// %USER_ID%; user_undefined, user_null; user_ with nothing after it.
const UNFILLED =
  /[{$#]\{|\{(\D*|\d)\}|<%|\[object|undefined|(^|[\W_])(%\w*[g-zG-Z_]\w*%|(null|NULL|NaN|None|nil)\W?$)|^[_:./|-]*$|(^|[\W_])(user|customer|member|client)s?[_:./|-]$/;

export const unfilled = (id) => UNFILLED.test(id.trim());
