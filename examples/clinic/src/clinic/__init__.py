"""The appointments of a clinic: its doctors, their patients, and who comes when."""
