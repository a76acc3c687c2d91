from django.urls import path

from phpsupport.importing import views

app_name = "importing"
urlpatterns = [
    path("", views.start, name="start"),
    path("template.zip", views.template_csv, name="template-csv"),
    path("template.xlsx", views.template_xlsx, name="template-xlsx"),
    path("sample.zip", views.sample, name="sample"),
    path("<uuid:pk>/", views.check, name="check"),
    path("<uuid:pk>/confirm/", views.confirm, name="confirm"),
    path("<uuid:pk>/discard/", views.discard, name="discard"),
    path("<uuid:pk>/check.csv", views.report, name="report"),
]
