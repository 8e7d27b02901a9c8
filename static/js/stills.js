// Choosing stills: dropping them, seeing what was chosen. The file input alone does the work without this.
const MIB = 1024 * 1024;
const LARGEST = 32 * MIB;

function line(file) {
  const item = document.createElement("li");
  if (file.type.startsWith("image/")) {
    const image = document.createElement("img");
    image.src = URL.createObjectURL(file);
    image.alt = "";
    image.addEventListener("load", () => URL.revokeObjectURL(image.src));
    item.append(image);
  }
  const text = document.createElement("span");
  text.textContent = `${file.name}, ${(file.size / MIB).toFixed(1)} MB`;
  item.append(text);
  if (file.size > LARGEST) item.append(problem("Larger than 32 MB: it will not be taken."));
  return item;
}

function problem(words) {
  const text = document.createElement("p");
  text.className = "error-text";
  text.textContent = words;
  return text;
}

function show(input, list) {
  list.replaceChildren(...Array.from(input.files, line));
  const most = Number(input.dataset.most);
  if (input.files.length > most) {
    const item = document.createElement("li");
    item.append(problem(`An offender can have ${most} stills. Choose the best ones.`));
    list.prepend(item);
  }
}

document.querySelectorAll("[data-dropzone]").forEach((zone) => {
  const input = zone.querySelector("input[type=file]");
  const list = zone.parentElement.querySelector("[data-chosen]");
  input.addEventListener("change", () => show(input, list));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const kept = new DataTransfer();
    [...input.files, ...event.dataTransfer.files].forEach((file) => kept.items.add(file));
    input.files = kept.files;
    show(input, list);
  });
});
