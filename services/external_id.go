package services

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// unfilled matches external ids that a site's template or script did not fill in. Such an id is the same for all
// visitors of the site, so strangers would share one conversation. The loader in the browser has the first rules, as
// far as its size allows (static/widget/src/loader/session_id.js); testdata/session_ids.json has examples for both.
var unfilled = regexp.MustCompile(strings.Join([]string{
	`[{$#@]\{`,                   // {{user.id}}, ${user.id}, #{user.id}, @{user.id}
	`\{(\D*|\d)\}`,               // {user_id}, {0}, {}; but a GUID in braces has more digits
	`<[%?]`,                      // <%= user.id %>, <?= $id ?>
	`\[object`,                   // [object Object]
	`(?i:undefined)`,             // undefined, user_undefined
	`(^|[\W_])%\w*[g-zG-Z_]\w*%`, // %USER_ID%, but not %C3%96
	`(^|[\W_])(null|NULL|Null|NaN|None|nil|false|Array)\W{0,2}$`, // user_null, <nil>
	`^\W*(?i:null|nan|none|nil|true|false)\W*$`,

	// A prefix with nothing after it: user_, acme-customer:, mobile/. Only words that are prefixes, because a random id
	// in base64 may end like one.
	`^[_:./|-]*$`,
	`(^|[\W_])((?i:user|customer|client|account|member|visitor|guest|contact|person|session|mobile|anon)s?|` +
		`userI[dD]|uid|usr|id|web|app)[_:./|-]$`,

	// Placeholders of documentation and of other template languages: YOUR_USER_ID, <user_id>, $user->id, :id, [[id]],
	// *|ID|*, $(id), %s, %(id)s.
	`(?i)^[\W_]*([a-z]+[\W_]+)*[a-z]*(user|customer|client|account|member|visitor|session|contact|person|external)` +
		`[\W_]*(id|uuid|guid|identifier)([\W_]*here)?[\W_]*$`,
	`(^|[/_-]):[a-zA-Z_]\w*$`,
	`(^|[\W_])\$[a-zA-Z_]\w*$`,
	`(^|[\W_])%(\(\w+\))?[sd@]$`,
	`%![a-zA-Z]\(`,
	`^(<[a-zA-Z][\w .-]*>|\[[a-zA-Z][a-zA-Z _.-]*\])$`,
	`\[\[|\*\||\$\(`,

	// A script that was sent as text: a function, or the + of a concatenation.
	`function\s*\w*\(|=>`,
	`['"]\s*\+|\+\s*['"]`,
}, "|"))

// checkExternalID checks that a session_id can be the id of one end user. Error: Invalid, with what the site must
// change.
func checkExternalID(externalID string) error {
	if !plainLine(externalID) || utf8.RuneCountInString(externalID) > maxExternalID {
		return Refuse(Invalid, "session_id must be at most %d characters without control characters.", maxExternalID)
	}
	if Blank(externalID) || unfilled.MatchString(strings.TrimSpace(externalID)) {
		return Refuse(Invalid, "The site did not fill in session_id: it is “%s” for everyone. "+
			"Pass the id of each user, or leave session_id out for people who are not logged in.",
			oneLine(externalID, 60))
	}
	return nil
}
