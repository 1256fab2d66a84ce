"""Plans, applies and proves the migrations of a Django project, inside a container of its image."""
