// isOurs reports whether Parley has answered, and not something on the way, such as the login page of a network or the
// error page of a proxy.
export const isOurs = (answer) => answer.headers.has("X-Parley");
