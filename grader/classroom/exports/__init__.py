"""What platforms take back: Moodle's worksheet and feedback archive, Canvas's CSV, Gradescope's JSON, JUnit's XML."""
