// Shows a chosen photo before it is uploaded, and scales it down: photos from phones are larger than the server
// accepts, and no page shows more than SIDE.
const SIDE = 512; // px
const LARGEST = 60_000_000; // pixels; a larger one would freeze the page, so the server gets it as it is and refuses it

async function squared(file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  if (picture.width * picture.height > LARGEST) throw new Error("too large");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(SIDE, side);
  const at = [(picture.width - side) / 2, (picture.height - side) / 2];
  canvas.getContext("2d").drawImage(picture, ...at, side, side, 0, 0, canvas.width, canvas.height);
  return canvas;
}

async function chosen(input) {
  const [file] = input.files;
  if (!file) return;
  try {
    const canvas = await squared(file);
    const photo = document.createElement("img");
    photo.className = "avatar-photo";
    photo.alt = "";
    photo.src = canvas.toDataURL("image/png");
    input.closest(".photo-row").querySelector(".avatar").replaceChildren(photo);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const files = new DataTransfer();
    files.items.add(new File([blob], "photo.png", { type: "image/png" }));
    if (input.files[0] === file) input.files = files.files;
  } catch {
    // Not a picture, or one this browser cannot read: the server checks it and says what is wrong.
  }
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-photo] input[type=file]")) chosen(target);
});
