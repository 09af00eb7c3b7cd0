from django.urls import path

from pages import views

urlpatterns = [
    path("", views.index),
    path("api/search", views.search),
    path("api/counted", views.counted),
    path("revision", views.revision),
]
