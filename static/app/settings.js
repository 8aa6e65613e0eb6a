// Preferences that an agent has chosen in this browser: the switches of the dialog Preferences. The event
// "parley:settings" says that one has changed, in this tab or another.
const KEY = "parley_settings";
const DEFAULTS = { enter_sends: true, shortcuts: true, sound: true, notifications: false, offered: false };

const permissionText = {
  default: "Your browser will ask you first.",
  granted: "Shown by your system while Parley is in the background.",
  denied: "Your browser blocks notifications. Allow them for this site next to its address, then turn this on.",
  unsupported: "This browser shows notifications only over https.",
};

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return {}; // not our value, or no storage
  }
}

export const settings = { ...DEFAULTS, ...stored() };

export function set(name, value) {
  settings[name] = value;
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // No storage: the setting lasts as long as the page.
  }
  changed();
}

// permission returns default, granted, denied or unsupported.
export function permission() {
  return "Notification" in window && isSecureContext ? Notification.permission : "unsupported";
}

// turnOnNotifications must be called from a press, or the browser does not ask.
export async function turnOnNotifications() {
  const answer = permission() === "default" ? await Notification.requestPermission() : permission();
  set("notifications", answer === "granted");
}

export const notificationsOn = () => settings.notifications && permission() === "granted";

function show() {
  const form = document.getElementById("settings");
  if (!form) return;
  for (const input of form.elements) input.checked = settings[input.name];
  const { notifications } = form.elements;
  notifications.checked = notificationsOn();
  notifications.disabled = ["denied", "unsupported"].includes(permission());
  document.getElementById("setting-notifications-help").textContent = permissionText[permission()];
}

function changed() {
  show();
  document.dispatchEvent(new CustomEvent("parley:settings"));
}

document.addEventListener("change", async ({ target }) => {
  if (target.form?.id !== "settings") return;
  if (target.name === "notifications" && target.checked) await turnOnNotifications();
  else set(target.name, target.checked);
});

window.addEventListener("storage", ({ key }) => {
  if (key !== KEY) return;
  Object.assign(settings, DEFAULTS, stored());
  changed();
});

navigator.permissions
  ?.query({ name: "notifications" })
  .then((status) => status.addEventListener("change", changed))
  .catch(() => {}); // this browser does not know the name

document.addEventListener("parley:dialog", show);
show(); // the form may be on the page itself, not in a dialog
