// renew makes an element like another one and touches only what differs, so that
// people keep the focus, a question that is open, a text they have selected. Among
// its children those with an id are found by it, others by their order.
export function renew(old, now) {
  if (old.isEqualNode(now)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = now.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && !(name === "open" && old.matches("details"))) old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  let next = old.firstChild;
  for (const child of [...now.childNodes]) {
    const twin = find(next, child);
    if (!twin) {
      old.insertBefore(child, next);
      continue;
    }
    while (next !== twin) next = drop(next);
    next = twin.nextSibling;
    renew(twin, child);
  }
  while (next) next = drop(next);
}

// find returns which of a node and its next siblings becomes another one.
function find(node, child) {
  if (!child.id) return node?.nodeName === child.nodeName && !node.id ? node : null;
  while (node && (node.id !== child.id || node.nodeName !== child.nodeName)) node = node.nextSibling;
  return node;
}

// drop removes a node and returns the one after it.
function drop(node) {
  const after = node.nextSibling;
  node.remove();
  return after;
}
