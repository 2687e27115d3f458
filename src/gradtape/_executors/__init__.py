"""Programs: functions recorded once and replayed, the passes over them, and the engines that run them."""
