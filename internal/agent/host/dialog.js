// Asks, in dialogs of the system, what comes as JSON on standard input, and
// prints the answers as JSON. Nothing that comes in is run.
function run() {
	ObjC.import("Foundation");
	const data = $.NSFileHandle.fileHandleWithStandardInput.readDataToEndOfFile;
	const sheet = JSON.parse(ObjC.unwrap($.NSString.alloc.initWithDataEncoding(data, $.NSUTF8StringEncoding)));
	const app = Application.currentApplication();
	app.includeStandardAdditions = true;
	const cancelled = -128;
	const answers = [];
	try {
		for (let i = 0; i < sheet.questions.length; i++) {
			const q = sheet.questions[i];
			const count = sheet.questions.length > 1 ? " (" + (i + 1) + " of " + sheet.questions.length + ")" : "";
			const lines = [sheet.intro + count, ""];
			if (q.fault) lines.push(q.fault + ".", "");
			lines.push(q.label + (q.required ? "" : " (may stay empty)"));
			const next = i + 1 < sheet.questions.length ? "Next" : "Send";
			app.activate();
			if (q.choices) {
				const chosen = app.chooseFromList(q.choices, {
					withTitle: sheet.title, withPrompt: lines.join("\n"), okButtonName: next, cancelButtonName: "Not now",
					defaultItems: q.choices.includes(q.answer) ? [q.answer] : [], emptySelectionAllowed: !q.required,
				});
				if (chosen === false) return JSON.stringify({ later: true });
				answers.push(chosen.length > 0 ? chosen[0] : "");
				continue;
			}
			const said = app.displayDialog(lines.join("\n"), {
				withTitle: sheet.title, defaultAnswer: q.answer || "", buttons: ["Not now", next], defaultButton: next, cancelButton: "Not now",
			});
			answers.push(said.textReturned);
		}
	} catch (e) {
		if (e.errorNumber === cancelled) return JSON.stringify({ later: true });
		throw e;
	}
	return JSON.stringify({ answers: answers });
}
