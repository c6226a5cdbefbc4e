"""What is known of accounts at Twilio, how configurations do, webhooks set for many numbers, rotated tokens."""

import django.db.models.deletion
import tenants.clock
import tenants.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sms', '0011_transfer_jobs'),
        ('tenants', '0006_registered_us_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PublicAddress',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(max_length=300, unique=True)),
                ('first_at', models.DateTimeField(default=tenants.clock.now)),
                ('last_at', models.DateTimeField(default=tenants.clock.now)),
            ],
            options={
                'ordering': ('-last_at', '-id'),
            },
        ),
        migrations.AddField(
            model_name='message',
            name='signed_url',
            field=models.CharField(blank=True, default='', max_length=300),
        ),
        migrations.AddField(
            model_name='twilioaccount',
            name='owner_sid',
            field=models.CharField(blank=True, default='', max_length=34),
        ),
        migrations.AddField(
            model_name='webhookchange',
            name='kind',
            field=models.CharField(choices=[('number', 'Phone number'), ('short_code', 'Short code'), ('service', 'Messaging Service')], default='number', max_length=12),
        ),
        migrations.AddField(
            model_name='webhookchange',
            name='label',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
        migrations.AddField(
            model_name='webhookchange',
            name='problem',
            field=models.CharField(blank=True, default='', max_length=250),
        ),
        migrations.AddField(
            model_name='webhookchange',
            name='state',
            field=models.CharField(choices=[('planned', 'Waits'), ('begun', 'Being set'), ('done', 'Set'), ('failed', 'Not set'), ('skipped', 'Left as it is')], default='done', max_length=8),
        ),
        migrations.AlterField(
            model_name='webhookchange',
            name='e164',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.CreateModel(
            name='TwilioService',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sid', models.CharField(max_length=34)),
                ('friendly_name', models.CharField(blank=True, default='', max_length=120)),
                ('inbound_request_url', models.CharField(blank=True, default='', max_length=500)),
                ('inbound_method', models.CharField(blank=True, default='', max_length=4)),
                ('fallback_url', models.CharField(blank=True, default='', max_length=500)),
                ('fallback_method', models.CharField(blank=True, default='', max_length=4)),
                ('use_inbound_webhook_on_number', models.BooleanField(default=False)),
                ('registration', models.CharField(blank=True, choices=[('', 'Not known'), ('not_needed', 'Not needed'), ('missing', 'Missing'), ('pending', 'Under way'), ('registered', 'Registered'), ('failed', 'Refused')], default='', max_length=12)),
                ('registration_detail', models.CharField(blank=True, default='', max_length=250)),
                ('seen_at', models.DateTimeField(default=tenants.clock.now)),
                ('gone_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='services', to='sms.twilioaccount')),
            ],
            options={
                'ordering': ('friendly_name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='TwilioNumber',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sid', models.CharField(max_length=34)),
                ('e164', models.CharField(max_length=16)),
                ('friendly_name', models.CharField(blank=True, default='', max_length=120)),
                ('kind', models.CharField(blank=True, choices=[('local', 'Local'), ('mobile', 'Mobile'), ('toll_free', 'Toll-free'), ('short_code', 'Short code')], default='', max_length=12)),
                ('sms', models.BooleanField(default=False)),
                ('mms', models.BooleanField(default=False)),
                ('voice', models.BooleanField(default=False)),
                ('sms_url', models.CharField(blank=True, default='', max_length=500)),
                ('sms_method', models.CharField(blank=True, default='', max_length=4)),
                ('sms_fallback_url', models.CharField(blank=True, default='', max_length=500)),
                ('sms_fallback_method', models.CharField(blank=True, default='', max_length=4)),
                ('sms_application_sid', models.CharField(blank=True, default='', max_length=34)),
                ('trunk_sid', models.CharField(blank=True, default='', max_length=34)),
                ('registration', models.CharField(blank=True, choices=[('', 'Not known'), ('not_needed', 'Not needed'), ('missing', 'Missing'), ('pending', 'Under way'), ('registered', 'Registered'), ('failed', 'Refused')], default='', max_length=12)),
                ('registration_detail', models.CharField(blank=True, default='', max_length=250)),
                ('seen_at', models.DateTimeField(default=tenants.clock.now)),
                ('gone_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='twilio_numbers', to='sms.twilioaccount')),
                ('service', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='numbers', to='sms.twilioservice')),
            ],
            options={
                'ordering': ('e164', 'id'),
            },
        ),
        migrations.CreateModel(
            name='WebhookJob',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('set', 'Set the webhook'), ('undo', 'Put back what stood there'), ('move', 'Follow the new public address')], max_length=8)),
                ('state', models.CharField(choices=[('running', 'Under way'), ('stopped', 'Stopped'), ('done', 'Done')], default='running', max_length=8)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('made_by', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField(default=tenants.clock.now, editable=False)),
                ('due_at', models.DateTimeField(default=tenants.clock.now)),
                ('problem', models.CharField(blank=True, default='', max_length=250)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('lease_until', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('configuration', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhook_jobs', to='sms.configuration')),
                ('managing', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tenants.managesession')),
                ('member', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tenants.member')),
                ('tenant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhook_jobs', to='tenants.tenant')),
                ('undoes', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='undone_by', to='sms.webhookjob')),
                ('user', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-created_at', '-id'),
            },
        ),
        migrations.AddField(
            model_name='webhookchange',
            name='job',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='sms.webhookjob'),
        ),
        migrations.CreateModel(
            name='AccountReading',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('due_at', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('part', models.CharField(blank=True, default='', max_length=16)),
                ('next_page', models.CharField(blank=True, default='', max_length=1000)),
                ('done', models.PositiveIntegerField(default=0)),
                ('problem', models.CharField(blank=True, default='', max_length=250)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('facts', models.JSONField(default=dict)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('lease_until', models.DateTimeField(null=True)),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='reading', to='sms.twilioaccount')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='account_reading_due')],
            },
        ),
        migrations.CreateModel(
            name='HealthChange',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=tenants.clock.now, editable=False)),
                ('address', models.CharField(blank=True, default='', max_length=40)),
                ('aspect', models.CharField(max_length=24)),
                ('before', models.CharField(blank=True, default='', max_length=8)),
                ('after', models.CharField(max_length=8)),
                ('reason', models.CharField(blank=True, default='', max_length=40)),
                ('facts', models.JSONField(default=dict)),
                ('is_worse', models.BooleanField(default=False)),
                ('mail_due_at', models.DateTimeField(null=True)),
                ('mail_tries', models.PositiveSmallIntegerField(default=0)),
                ('mailed_at', models.DateTimeField(null=True)),
                ('configuration', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='health_changes', to='sms.configuration')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='health_changes', to='tenants.tenant')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['tenant', 'created_at', 'id'], name='health_change_log'), models.Index(condition=models.Q(('mail_due_at__isnull', False)), fields=['mail_due_at'], name='health_change_mail')],
            },
        ),
        migrations.CreateModel(
            name='HealthReading',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=tenants.clock.now, editable=False)),
                ('address', models.CharField(blank=True, default='', max_length=40)),
                ('aspect', models.CharField(max_length=24)),
                ('tone', models.CharField(choices=[('good', 'Good'), ('unknown', 'Not known'), ('warn', 'Needs attention'), ('bad', 'Does not work')], max_length=8)),
                ('reason', models.CharField(blank=True, default='', max_length=40)),
                ('facts', models.JSONField(default=dict)),
                ('checked_at', models.DateTimeField(default=tenants.clock.now)),
                ('since', models.DateTimeField(default=tenants.clock.now)),
                ('configuration', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='health_readings', to='sms.configuration')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='health_readings', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'configuration', 'address', 'aspect'), name='health_reading_once')],
            },
        ),
        migrations.CreateModel(
            name='HealthSchedule',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=tenants.clock.now, editable=False)),
                ('due_at', models.DateTimeField(default=tenants.clock.now)),
                ('checked_at', models.DateTimeField(null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('lease_until', models.DateTimeField(null=True)),
                ('configuration', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='health_schedule', to='sms.configuration')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='health_schedules', to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['due_at'], name='health_schedule_due')],
            },
        ),
        migrations.CreateModel(
            name='TokenRotation',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('step', models.CharField(choices=[('started', 'Started'), ('created', 'Secondary token made and stored'), ('verified', 'Secondary token works'), ('promoted', 'Secondary token is the primary one'), ('finished', 'Former token dropped'), ('given_up', 'Given up')], default='started', max_length=12)),
                ('begun', models.CharField(blank=True, default='', max_length=12)),
                ('problem', models.CharField(blank=True, default='', max_length=250)),
                ('made_by', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField(default=tenants.clock.now, editable=False)),
                ('changed_at', models.DateTimeField(default=tenants.clock.now)),
                ('seen_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rotations', to='sms.twilioaccount')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'constraints': [models.UniqueConstraint(condition=models.Q(('finished_at', None)), fields=('account',), name='rotation_one_at_a_time')],
            },
        ),
        migrations.AddConstraint(
            model_name='twilioservice',
            constraint=models.UniqueConstraint(fields=('account', 'sid'), name='twilio_service_once'),
        ),
        migrations.AddIndex(
            model_name='twilionumber',
            index=models.Index(fields=['account', 'e164', 'id'], name='twilio_number_listed'),
        ),
        migrations.AddIndex(
            model_name='twilionumber',
            index=models.Index(fields=['e164'], name='twilio_number_by_e164'),
        ),
        migrations.AddConstraint(
            model_name='twilionumber',
            constraint=models.UniqueConstraint(fields=('account', 'sid'), name='twilio_number_once'),
        ),
        migrations.AddIndex(
            model_name='webhookjob',
            index=models.Index(condition=models.Q(('state', 'running')), fields=['due_at'], name='webhook_job_due'),
        ),
    ]
