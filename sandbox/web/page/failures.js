// What stands under a press to which no answer came, in Discord's words.

export const FAILED = "The application did not respond";
