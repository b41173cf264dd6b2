// Small things that need a script: questions in a dialog, a file that is dropped, text to copy.
// Everything here also works without it, only less comfortably.
(function () {
  "use strict";

  // A link with data-dialog loads its question with htmx; it is then shown on top of the page.
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target.id !== "dialog-content") return;
    const dialog = document.getElementById("dialog");
    if (dialog && !dialog.open) dialog.showModal();
  });

  document.addEventListener("click", function (event) {
    const close = event.target.closest("dialog [data-close]");
    if (close) {
      event.preventDefault();
      close.closest("dialog").close();
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) copyText(copy);
  });

  function copyText(button) {
    const field = document.querySelector(button.dataset.copy);
    const said = button.querySelector("[data-copied]") || button;
    const text = "value" in field ? field.value : field.textContent;
    navigator.clipboard.writeText(text.trim()).then(function () {
      said.textContent = "Copied";
    });
  }

  // A button that starts something must not start it twice.
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.matches(".mw-confirm")) {
      form.querySelectorAll("button[type=submit]").forEach(function (button) {
        button.disabled = true;
      });
    }
  });

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-drop]").forEach(droppable);
  });

  // The search field inside a choice of several has no name of its own.
  window.addEventListener("load", function () {
    document.querySelectorAll("select.admin-autocomplete[multiple]").forEach(function (choice) {
      const label = document.querySelector(`label[for="${choice.id}"]`);
      const field = choice.parentElement.querySelector(".select2-search__field");
      if (label && field) field.setAttribute("aria-label", label.textContent.trim());
    });
  });

  function droppable(area) {
    const input = area.querySelector("input[type=file]");
    const name = area.querySelector("[data-file-name]");
    input.hasChangeListener = true; // the library looks for a text field beside every file field

    function shown() {
      if (input.files.length) name.textContent = input.files[0].name;
    }

    ["dragover", "dragenter"].forEach(function (kind) {
      area.addEventListener(kind, function (event) {
        event.preventDefault();
        area.dataset.over = "";
      });
    });
    ["dragleave", "drop"].forEach(function (kind) {
      area.addEventListener(kind, function () {
        delete area.dataset.over;
      });
    });
    area.addEventListener("drop", function (event) {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    input.addEventListener("change", shown);
    shown();
  }
})();
